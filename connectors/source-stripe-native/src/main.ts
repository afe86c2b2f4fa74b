import { runCapture } from '@weir/capture';
import { apiCapture } from '@weir/cdk';
import { stripe } from './stripe.ts';

await runCapture(apiCapture(stripe));
