import { runCapture } from '@weir/capture';
import { apiCapture } from '@weir/cdk';
import { incidentIo } from './incident-io.ts';

await runCapture(apiCapture(incidentIo));
