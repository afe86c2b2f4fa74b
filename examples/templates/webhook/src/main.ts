import { runCapture } from '@weir/capture';
import { webhookCapture } from '@weir/cdk';
import { sample } from './sample.ts';

await runCapture(webhookCapture(sample));
