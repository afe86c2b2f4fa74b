import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MaterializeRequest, MaterializeResponse } from '@weir/protocol';
import { ConnectorHost } from '@weir/testing';
import { materialization, OPEN, Recorder } from '../test/recorded-session.ts';
import { serveMaterialize } from './run-materialize.ts';

test('unary requests repeat on one stream, and a state reaches apply with exact numbers', async () => {
  const host = new ConnectorHost('materialize');
  let state: unknown;
  const sample = materialization(() => new Recorder().authoritative());
  const exit = serveMaterialize(
    {
      ...sample,
      apply: async (_config, target) => {
        ({ state } = target);
        return { actionDescription: 'made it', state: { drained: null } };
      },
    },
    host,
  );
  const apply: MaterializeRequest = {
    kind: 'apply',
    materialization: OPEN.materialization,
    version: 'b',
    lastVersion: '',
    state: '{"big":9007199254740993}',
  };
  host.send({ kind: 'spec', connectorType: 'LOCAL', config: '{}' }, apply, apply);
  host.end();
  assert.equal(await exit, 0);
  const responses: MaterializeResponse[] = await host.rest();
  assert.deepEqual(
    responses.map(({ kind }) => kind),
    ['spec', 'applied', 'applied'],
  );
  assert.deepEqual(responses[1], {
    kind: 'applied',
    actionDescription: 'made it',
    state: { updated: '{"drained":null}', mergePatch: true },
  });
  assert.deepEqual(state, { big: 9007199254740993n });
});
