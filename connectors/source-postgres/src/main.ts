import { runCapture } from '@weir/capture';
import { sourcePostgres } from './capture.ts';

await runCapture(sourcePostgres);
