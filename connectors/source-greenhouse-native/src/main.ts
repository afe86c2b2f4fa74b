import { runCapture } from '@weir/capture';
import { apiCapture } from '@weir/cdk';
import { greenhouse } from './greenhouse.ts';

await runCapture(apiCapture(greenhouse));
