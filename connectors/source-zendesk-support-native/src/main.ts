import { runCapture } from '@weir/capture';
import { apiCapture } from '@weir/cdk';
import { zendesk } from './zendesk.ts';

await runCapture(apiCapture(zendesk));
