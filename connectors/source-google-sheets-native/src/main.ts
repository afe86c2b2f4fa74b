import { runCapture } from '@weir/capture';
import { apiCapture } from '@weir/cdk';
import { googleSheets } from './google-sheets.ts';

await runCapture(apiCapture(googleSheets));
