import assert from 'node:assert/strict';
import { test } from 'node:test';
import { appliedLine, documentLine, finalStateLine, stateLine } from './output-lines.ts';

test('the lines of a preview are those of flowctl', () => {
  assert.equal(documentLine('a/b', '{"n":1.50}'), '["a/b",{"n":1.50}]\n');
  assert.equal(
    stateLine({ updated: '{"cursor":9007199254740993}', mergePatch: true }),
    '["connectorState",{"updated":{"cursor":9007199254740993},"mergePatch":true}]\n',
  );
  assert.equal(finalStateLine('{}'), '["connectorState",{"updated":{}}]\n');
  assert.equal(appliedLine('CREATE "t"\n'), '["applied.actionDescription","CREATE \\"t\\"\\n"]\n');
});
