import { test } from 'node:test';
import { convergeInTurns } from '@weir/testing/api';
import { customObject, propertiesOf } from '../src/account.ts';
import { hubspot } from '../src/hubspot.ts';
import { config, fakeHubspot, historicConfig } from './fake-hubspot.ts';
import { historic, truths } from './truths.ts';

const world = {
  api: hubspot,
  fake: fakeHubspot,
  // The late look of two is an hour behind.
  settleMs: 80 * 60_000,
  described: { custom_cars: customObject('cars'), properties: propertiesOf(['p_cars']) },
};

test('on a fake of HubSpot: killed between any two lines, streams of every kind end equal to its tables', async () => {
  await convergeInTurns({ ...world, config, streams: truths, together: 3, seeds: 20 });
});

test('on a fake of HubSpot: killed between any two lines, objects with their history end equal to its tables', async () => {
  await convergeInTurns({ ...world, config: historicConfig, streams: historic, together: 1, seeds: 4 });
});
