import { runCapture } from '@weir/capture';
import { httpIngest } from './http-ingest.ts';

await runCapture(httpIngest({ env: process.env }));
