import { runCapture } from '@weir/capture';
import { apiCapture } from '@weir/cdk';
import { jira } from './jira.ts';

await runCapture(apiCapture(jira));
