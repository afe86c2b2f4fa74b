import { runCapture } from '@weir/capture';
import { apiCapture } from '@weir/cdk';
import { sample } from './sample.ts';

await runCapture(apiCapture(sample));
