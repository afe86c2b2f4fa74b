import { runCapture } from '@weir/capture';
import { apiCapture } from '@weir/cdk';
import { hubspot } from './hubspot.ts';

await runCapture(apiCapture(hubspot));
