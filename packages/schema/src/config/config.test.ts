import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';

import * as fc from 'fast-check';

import {
  branch,
  choice,
  type ConfigOf,
  configSchema,
  configSchemaText,
  decodeConfig,
  dictionary,
  flag,
  integer,
  item,
  lintConfigSchema,
  list,
  nullable,
  oneOfWith,
  optional,
  optionalSection,
  parseFeatureFlags,
  Secret,
  secret,
  section,
  text,
} from './index.ts';

const about = (title: string): { title: string; description: string } => ({
  title,
  description: `${title}.`,
});

const schema = configSchema(
  { id: 'https://example.com/source-sample/config', title: 'Sample Connection' },
  {
    address: text({ ...about('Server Address'), order: 0 }),
    database: text({ ...about('Database'), default: 'postgres', order: 1 }),
    historyMode: flag({ ...about('History Mode'), default: false, order: 2 }),
    credentials: oneOfWith('auth_type', { ...about('Authentication'), order: 3, 'x-iam-auth': true }, [
      branch('UserPassword', { title: 'Password' }, { password: secret({ ...about('Password'), order: 1 }) }),
      branch(
        'AWSIAM',
        { title: 'AWS IAM' },
        { aws_region: text({ ...about('AWS Region'), order: 1 }) },
        { aws_session_token: optional(secret(about('AWS Session Token'))) },
      ),
    ]),
    advanced: optionalSection(
      { ...about('Advanced Options'), advanced: true },
      {
        slotName: optional(text({ ...about('Slot Name'), default: 'flow_slot' })),
        chunk: optional(integer({ ...about('Chunk Size'), minimum: 1, maximum: 1000 })),
        sslmode: optional(choice(['disable', 'require'], about('SSL Mode'))),
        interval: optional(text({ ...about('Interval'), pattern: '^[0-9]+(ms|s|m|h)$' })),
        schemas: optional(list(item('string', { minLength: 1 }), about('Schemas'))),
        labels: optional(dictionary(item('string'), about('Labels'))),
        limit: optional(nullable(integer(about('Limit')))),
      },
    ),
    networkTunnel: optional(
      section(about('Network Tunnel'), {
        privateKey: secret({ ...about('Private Key'), multiline: true }),
      }),
    ),
  },
  { password: optional(secret(about('Password'))) },
);
type Config = ConfigOf<typeof schema>;

const decode = (value: unknown): Config =>
  decodeConfig(schema, JSON.stringify(value), { what: 'the sample config' });
const valid = { address: 'db:5432', credentials: { auth_type: 'UserPassword', password: 'hunter2' } };

function messageOf(value: unknown): string {
  try {
    decode(value);
  } catch (error) {
    return (error as Error).message;
  }
  return assert.fail('decoded');
}

test('a schema lists its properties in the order of declaration and follows the guidelines', () => {
  const json = JSON.parse(configSchemaText(schema)) as {
    properties: { credentials: Record<string, unknown>; advanced: Record<string, unknown> };
    required: string[];
    additionalProperties?: unknown;
  };
  assert.deepEqual(Object.keys(json.properties), [
    'address',
    'database',
    'historyMode',
    'credentials',
    'advanced',
    'networkTunnel',
  ]);
  assert.deepEqual(json.required, ['address', 'database', 'historyMode', 'credentials']);
  assert.equal(json.additionalProperties, undefined);
  assert.equal(json.properties.advanced['additionalProperties'], false);
  assert.deepEqual(json.properties.credentials['default'], { auth_type: 'UserPassword' });
  assert.deepEqual(json.properties.credentials['discriminator'], { propertyName: 'auth_type' });
  assert.deepEqual((json.properties.credentials['oneOf'] as unknown[])[0], {
    type: 'object',
    title: 'Password',
    properties: {
      auth_type: { type: 'string', const: 'UserPassword', default: 'UserPassword', order: 0 },
      password: { type: 'string', title: 'Password', description: 'Password.', order: 1, secret: true },
    },
    required: ['password'],
    additionalProperties: false,
  });
  assert.deepEqual(lintConfigSchema(json), []);
});

test('decoding fills in defaults and wraps secrets', () => {
  const config = decode(valid);
  assert.equal(config.database, 'postgres');
  assert.equal(config.historyMode, false);
  assert.equal(config.advanced.slotName, 'flow_slot');
  assert.equal(config.advanced.chunk, undefined);
  assert.equal(config.networkTunnel, undefined);
  assert.equal(config.credentials.auth_type, 'UserPassword');
  if (config.credentials.auth_type === 'UserPassword') {
    assert.equal(config.credentials.password.reveal(), 'hunter2');
  }
});

test('values that are not published decode all the same', () => {
  const injected = { auth_type: 'AWSIAM', aws_region: 'eu-west-1', aws_session_token: 'tok' };
  const config = decode({ ...valid, credentials: injected, password: 'legacy' });
  assert.equal(config.password?.reveal(), 'legacy');
  assert.ok(config.credentials.auth_type === 'AWSIAM');
  assert.equal(config.credentials.aws_session_token?.reveal(), 'tok');
});

test('a null stands for an absent property unless the property is nullable', () => {
  const config = decode({ ...valid, advanced: { chunk: null, limit: null } });
  assert.deepEqual(Object.keys(config.advanced), ['slotName', 'limit']);
  assert.equal(config.advanced.limit, null);
});

test('every problem of a configuration is reported at once, with pointer and title', () => {
  const message = messageOf({
    adress: 'db',
    database: 7,
    credentials: { auth_type: 'UserPassword' },
    advanced: { chunk: 0, sslmode: 'maybe', interval: 'soon', schemas: ['a', ''], labels: { x: 1 } },
    networkTunnel: {},
    sops: {},
  });
  assert.deepEqual(message.split('\n'), [
    'The sample config is not valid:',
    '- /address (Server Address) is required',
    '- /database (Database) must be a string, not an integer',
    '- /credentials/password (Password) is required',
    '- /advanced/chunk (Chunk Size) must be 1 or more',
    '- /advanced/sslmode (SSL Mode) must be one of "disable", "require"',
    '- /advanced/interval (Interval) must match the pattern ^[0-9]+(ms|s|m|h)$',
    '- /advanced/schemas/1 must not be empty',
    '- /advanced/labels/x must be a string, not an integer',
    '- /networkTunnel/privateKey (Private Key) is required',
    '- /adress is not a known property; did you mean "address"?',
    '- /sops is not a known property',
  ]);
});

test('dates are those that a calendar has', () => {
  const info = { title: 'T', description: 'A time.' };
  const times = configSchema(
    { id: 'https://example.com/times', title: 'Times' },
    {
      day: optional(text({ ...info, format: 'date' })),
      at: optional(text({ ...info, format: 'date-time' })),
    },
  );
  const decodeTimes = (value: object) => decodeConfig(times, JSON.stringify(value), { what: 'the config' });
  for (const day of ['2024-02-29', '1900-12-31']) {
    assert.doesNotThrow(() => decodeTimes({ day, at: `${day}T23:59:59.5+02:00` }), day);
  }
  for (const day of [
    '2026-02-31',
    '2023-02-29',
    '1900-02-29',
    '2024-04-31',
    '2024-13-01',
    '2024-00-10',
    '2024-01-00',
  ]) {
    assert.throws(() => decodeTimes({ day }), { code: 'CONFIG_INVALID', message: /\/day/ }, day);
    assert.throws(
      () => decodeTimes({ at: `${day}T00:00:00Z` }),
      { code: 'CONFIG_INVALID', message: /\/at/ },
      day,
    );
  }
});

test('a single problem is one line', () => {
  assert.equal(
    messageOf({ ...valid, credentials: { auth_type: 'Password' } }),
    'The sample config is not valid: /credentials/auth_type (Authentication) must be one of "UserPassword", "AWSIAM".',
  );
  assert.match(messageOf({ ...valid, address: '' }), /\/address \(Server Address\) must not be empty\.$/);
  assert.match(messageOf([]), /it must be an object, not an array\.$/);
});

test('a required property with a default may be left out, one without may not', () => {
  assert.match(messageOf({ address: 'db' }), /\/credentials\/password \(Password\) is required\.$/);
  assert.match(messageOf({ credentials: valid.credentials }), /\/address \(Server Address\) is required\.$/);
});

test('an older form can be upgraded before it is checked', () => {
  const config = decodeConfig(schema, JSON.stringify({ address: 'db', password: 'old' }), {
    what: 'the config',
    upgrade: ({ password, ...rest }) => ({ ...rest, credentials: { auth_type: 'UserPassword', password } }),
  });
  assert.ok(config.credentials.auth_type === 'UserPassword');
  assert.equal(config.credentials.password.reveal(), 'old');
});

test('[G9] no message and no printed form repeats a value of the configuration', () => {
  const value = 'correct horse battery staple';
  for (const path of ['address', 'database', 'historyMode', 'advanced', 'networkTunnel'] as const) {
    const wrong = {
      ...valid,
      [path]: path === 'address' ? { value } : path === 'database' ? [value] : value,
    };
    assert.ok(!messageOf(wrong).includes('horse'), path);
  }
  assert.ok(!messageOf({ ...valid, advanced: { sslmode: value } }).includes('horse'));
  assert.throws(
    () => decodeConfig(schema, `{"address": ${value}}`, { what: 'x' }),
    (error: Error) => !inspect(error).includes('horse') && error.message === 'X is not valid JSON.',
  );
  const config = decode({ ...valid, credentials: { auth_type: 'UserPassword', password: value } });
  const printed = [
    inspect(config, { depth: 9 }),
    JSON.stringify(config),
    String(new Secret(value)),
    `${String(new Secret(value))} ${new Secret(value).toString()}`,
  ];
  for (const each of printed) {
    assert.ok(!each.includes('horse'));
    assert.ok(each.includes('***'));
  }
});

test('whatever the configuration is, decoding gives a value or CONFIG_INVALID', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (address, advanced) => {
      try {
        const config = decode({ ...valid, address, advanced });
        assert.equal(typeof config.address, 'string');
      } catch (error) {
        assert.equal((error as { code?: unknown }).code, 'CONFIG_INVALID');
      }
    }),
  );
});

test('feature flags start from their defaults, later entries win and unknown ones are kept', () => {
  const defaults = { fast_path: true, new_types: false };
  assert.deepEqual(parseFeatureFlags(undefined, defaults), defaults);
  assert.deepEqual(parseFeatureFlags(' no_fast_path, ,new_types ,other,no_other', defaults), {
    fast_path: false,
    new_types: true,
    other: false,
  });
});
