import { testApi } from '@weir/testing/api';
import { sample } from '../src/sample.ts';
import { config, fakeSample } from './fake-sample.ts';

testApi({
  test: import.meta.url,
  api: sample,
  fake: fakeSample,
  config,
  streams: { orders: '/orders', regions: '/regions' },
});
