import { runCapture } from '@weir/capture';
import { sourceTest } from './source-test.ts';

await runCapture(sourceTest);
