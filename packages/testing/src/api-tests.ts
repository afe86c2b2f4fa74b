// The tests that every connector of an API has, from its definition and its fake: spec, plan, discovery, convergence and the
// tables of its README.

import assert from 'node:assert/strict';
import { test as register } from 'node:test';
import { apiCapture, type ApiDefinition, catalogue, explainApi } from '@weir/cdk';
import {
  type ApiConvergence,
  convergeApi,
  type FakeApi,
  FakeVendor,
  silentLog,
  VirtualClock,
} from '@weir/cdk/testing';
import { configSchemaText, decodeConfig, lintConfigSchema } from '@weir/schema';
import { checkReadmeTables } from './readme-tables.ts';
import { SeededRandom } from './seeded-random.ts';
import { matchSnapshot } from './snapshot.ts';

export interface ApiTests {
  /** `import.meta.url` of the test, which lies in a folder beside the README. */
  readonly test: string;
  readonly api: ApiDefinition;
  readonly fake: FakeApi;
  /** A configuration that the fake accepts, as JSON text. */
  readonly config: string;
  /** What paths stand below in the plan; the origin of the fake when absent. */
  readonly base?: string;
  /** The streams that are captured together from the fake, and the paths of their lists there. */
  readonly streams: ApiConvergence['streams'];
  /** The streams whose discovered schemas are recorded; one of each kind when absent. */
  readonly shown?: readonly string[];
  /** Of the convergence; 5. Twice WEIR_CRASH_RUNS where that is set; WEIR_CRASH_SEED begins with another one. */
  readonly seeds?: number;
  /** Undefined for a connector without a README. */
  readonly readme?: false;
}

const NOW = Date.parse('2024-05-05T05:00:00Z');
const runs = process.env['WEIR_CRASH_RUNS'];
const firstSeed = Number(process.env['WEIR_CRASH_SEED'] ?? '1');

export function testApi(options: ApiTests): void {
  const test = (name: string, body: () => void | Promise<void>): void => void register(name, body);
  const { api, test: url, base = options.fake.origin } = options;
  const seeds = runs === undefined ? (options.seeds ?? 5) : 2 * Number(runs);

  test('the schemas of the spec keep the guidelines for configurations, and are as recorded', () => {
    const { configSchema, resourceSchema } = apiCapture(api).spec;
    assert.deepEqual([lintConfigSchema(configSchema), lintConfigSchema(resourceSchema)], [[], []]);
    const texts = [configSchema, resourceSchema].map((schema) =>
      JSON.stringify(JSON.parse(configSchemaText(schema)), null, 2),
    );
    matchSnapshot(url, 'spec.txt', texts.join('\n'));
  });

  test('the plan of every stream is as recorded', () => {
    matchSnapshot(url, 'plan.txt', explainApi(api, base, NOW));
  });

  test('what is discovered is as recorded', async () => {
    const found = await discovered(options);
    assert.ok(found.length > 0);
    const { shown = oneOfEachKind(api) } = options;
    const names = found.map(({ recommendedName, key }) => `${recommendedName} ${key.join()}`).join('\n');
    const whole = found.filter(({ recommendedName }) => shown.includes(recommendedName));
    matchSnapshot(url, 'discovered.txt', `${names}\n${JSON.stringify(whole, null, 2)}`);
  });

  test('credentials that the API does not know are refused before anything is captured', async () => {
    const { token } = options.fake;
    const stranger = {
      ...options.fake,
      accepts: () => false,
      ...(token === undefined ? {} : { token: { ...token, accepts: () => false } }),
    };
    const refused = discovered({ ...options, fake: stranger });
    await assert.rejects(refused, { code: 'CDK_HTTP_UNAUTHORIZED' });
  });

  test('on a fake of the API: killed between any two lines, the collections end equal to its tables', async () => {
    const { fake, config, streams } = options;
    const faults = new Set<string>();
    for (let seed = firstSeed; seed < firstSeed + seeds; seed += 1) {
      const converged = await convergeApi({ api, fake, config, streams, random: new SeededRandom(seed) });
      for (const { name, captured, expected } of converged.streams) {
        assert.deepEqual(captured, expected, `${name}, seed ${seed}`);
      }
      for (const fault of Object.keys(converged.faults)) faults.add(fault);
    }
    assert.deepEqual([...faults].toSorted(), ['cut', 'expired', 'failing', 'reset', 'throttled']);
  });

  if (options.readme !== false) {
    test('the tables of the README are those of the schemas and of the errors', () => {
      const { configSchema, resourceSchema } = apiCapture(api).spec;
      checkReadmeTables(url, { config: configSchema, resource: resourceSchema }, catalogue);
    });
  }
}

async function discovered({ api, fake, config }: ApiTests) {
  const clock = new VirtualClock(NOW);
  const random = new SeededRandom(1);
  const { transport } = new FakeVendor(fake, { clock, random, changesUntilMs: 0, isCalm: true });
  const capture = apiCapture(api, { clock, random, transport });
  const decoded = decodeConfig(capture.spec.configSchema, config, { what: 'the configuration' });
  const context = {
    log: silentLog,
    signal: new AbortController().signal,
    taskName: '',
    preview: undefined,
  };
  return await clock.run(capture.discover(decoded, context));
}

function oneOfEachKind({ streams }: ApiDefinition): string[] {
  const byKind = new Map(Object.entries(streams).map(([name, { kind }]) => [kind, name]));
  return [...byKind.values()];
}
