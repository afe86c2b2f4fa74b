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
): { resourceConfig: string; resourcePath: string[]; stateKey: string } {
  return { resourceConfig: JSON.stringify({ name: path }), resourcePath: [path], stateKey: state };
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
  const known = new BackfillCounters(new Map([['a', 2]]), [binding('a')]);
  assert.equal(known.of(model), 3);
  assert.equal(known.learn(model, ['a']), false);
  const unknown = new BackfillCounters(new Map([['a', 2]]), []);
  assert.equal(unknown.of(model), 1);
  assert.equal(unknown.learn(model, ['a']), true);
  assert.equal(unknown.of(model), 3);
  unknown.request(['a']);
  assert.equal(unknown.of(model), 4);
});

test('a version is 16 hex digits that depend on the specification alone', () => {
  assert.match(versionOf('{}'), /^[0-9a-f]{16}$/);
  assert.equal(versionOf('{"a":1}'), versionOf('{"a":1}'));
  assert.notEqual(versionOf('{"a":1}'), versionOf('{"a":2}'));
});
