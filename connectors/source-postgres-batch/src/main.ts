import { runCapture } from '@weir/capture';
import { sourcePostgresBatch } from './capture.ts';

await runCapture(sourcePostgresBatch);
