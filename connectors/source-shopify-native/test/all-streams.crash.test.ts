import { test } from 'node:test';
import { convergeInTurns } from '@weir/testing/api';
import { selections } from '../src/selections.ts';
import { shopify } from '../src/shopify.ts';
import { config, fakeShopify } from './fake-shopify.ts';
import { truths } from './truths.ts';

test('all streams, killed between any two lines, end equal to the objects of the stores', async () => {
  await convergeInTurns({
    api: shopify,
    fake: fakeShopify,
    config,
    streams: truths(...(Object.keys(selections) as (keyof typeof selections)[])),
    together: 6,
    // Before the time at which disputes are read again, which have no time of their update.
    beginsMs: Date.parse('2024-05-05T23:42:00Z'),
  });
});
