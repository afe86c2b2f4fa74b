import { runCapture } from '@weir/capture';
import { apiCapture } from '@weir/cdk';
import { shopify } from './shopify.ts';

await runCapture(apiCapture(shopify));
