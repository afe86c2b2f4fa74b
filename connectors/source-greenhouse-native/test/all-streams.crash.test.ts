import { test } from 'node:test';
import { convergeInTurns } from '@weir/testing/api';
import { greenhouse } from '../src/greenhouse.ts';
import { config, fakeGreenhouse, paths } from './fake-greenhouse.ts';

test('on a fake of Greenhouse: killed between any two lines, the collections of all streams end equal to its tables', async () => {
  await convergeInTurns({ api: greenhouse, fake: fakeGreenhouse, config, streams: paths, together: 4 });
});
