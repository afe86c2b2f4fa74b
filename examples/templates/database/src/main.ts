import { runCapture } from '@weir/capture';
import { sample } from './sample.ts';

await runCapture(sample);
