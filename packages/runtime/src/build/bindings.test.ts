import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BackfillCounters, checkResourcePaths, inactiveBindings, versionOf } from './bindings.ts';

const place = (line: number): { place: { file: string; line: number; column: number } } => ({
  place: { file: 'flow.yaml', line, column: 7 },
});

test('two bindings of one resource are refused with both places', () => {
  const validated = [{ resourcePath: ['a', 'b'] }, { resourcePath: ['a'] }, { resourcePath: ['a', 'b'] }];
  assert.throws(() => checkResourcePaths('t', [place(1), place(2), place(3)], validated), {
    code: 'BUILD_RESOURCE_DUPLICATE',
    message: 'flow.yaml:3:7: this binding and the one at flow.yaml:1:7 are both of a.b.',
  });
});

test('an answer with too few bindings, or without a path, breaks the protocol', () => {
  assert.throws(() => checkResourcePaths('t', [place(1)], []), { code: 'CONNECTOR_PROTOCOL' });
  assert.throws(() => checkResourcePaths('t', [place(1)], [{ resourcePath: [] }]), {
    code: 'CONNECTOR_PROTOCOL',
  });
});

function binding(
  path: string,
  state = path,
): { resourceConfig: string; resourcePath: string[]; backfill: number; stateKey: string } {
  return {
    resourceConfig: JSON.stringify({ name: path }),
    resourcePath: [path],
    backfill: 0,
    stateKey: state,
  };
}

test('what was active or inactive before and is not active now is inactive, once', () => {
  const last = {
    bindings: [binding('a'), binding('b')],
    inactiveBindings: [binding('c'), binding('b', 'older')],
  };
  assert.deepEqual(
    inactiveBindings([binding('a', 'a.v2')], last).map((each) => each.stateKey),
    ['b', 'c'],
  );
  assert.deepEqual(inactiveBindings([binding('a')], undefined), []);
});

test('requested backfills count on top of the catalog as soon as the resource path is known', () => {
  const model = { resource: '{ "name": "a" }', backfill: 1 };
  const stored = new Map([['a', { count: 2, least: 0 }]]);
  const known = new BackfillCounters(stored, [binding('a')]);
  assert.equal(known.of(model), 3);
  assert.equal(known.learn(model, ['a']), false);
  const unknown = new BackfillCounters(stored, []);
  assert.equal(unknown.of(model), 1);
  assert.equal(unknown.learn(model, ['a']), true);
  assert.equal(unknown.of(model), 3);
  assert.equal(unknown.unstored([model]).size, 0);
  unknown.request(model);
  assert.equal(unknown.of(model), 4);
  assert.deepEqual([...unknown.unstored([model])], [['a', 1]]);
});

/** Builds, stores what the build asks for, and gives the counter that is applied. */
function counterOf(
  catalog: number,
  stored: Map<string, { count: number; least: number }>,
  last: number,
): number {
  const model = { resource: '{"name":"a"}', backfill: catalog };
  const counters = new BackfillCounters(stored, [{ ...binding('a'), backfill: last }]);
  for (const [path, more] of counters.unstored([model])) {
    const { count, least } = stored.get(path) ?? { count: 0, least: 0 };
    stored.set(path, { count: count + more, least });
  }
  return counters.of(model);
}

test('[G3] whatever the counter of the catalog was and becomes, a request leads to one that the binding never had, once', () => {
  for (const before of [0, 1, 3]) {
    for (const after of [0, 1, 2, 3, 4]) {
      for (const earlier of [0, 2]) {
        const last = before + earlier;
        const stored = new Map([['a', { count: earlier + 1, least: last + 1 }]]);
        const found = counterOf(after, stored, last);
        assert.ok(found > last, `${before} + ${earlier} -> ${after}: ${found}`);
        assert.equal(counterOf(after, stored, found), found);
        assert.equal(counterOf(after + 1, stored, found), found + 1);
      }
    }
  }
});

test('[G3] a counter that goes down in the catalog stays what it was, and counts on from there', () => {
  const stored = new Map<string, { count: number; least: number }>();
  assert.equal(counterOf(0, stored, 3), 3);
  assert.equal(counterOf(0, stored, 3), 3);
  assert.equal(counterOf(1, stored, 3), 4);
});

test('a version is 16 hex digits that depend on the specification alone', () => {
  assert.match(versionOf('{}'), /^[0-9a-f]{16}$/);
  assert.equal(versionOf('{"a":1}'), versionOf('{"a":1}'));
  assert.notEqual(versionOf('{"a":1}'), versionOf('{"a":2}'));
});
