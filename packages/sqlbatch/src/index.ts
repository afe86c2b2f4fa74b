export { systemClock } from '@weir/connector';
export type { Clock } from '@weir/connector';
export { type BatchBinding, batchBinding, ROW_ID_KEY } from './binding.ts';
export { crashPoints } from './crash-points.ts';
export type { BatchDatabase, Poller } from './database.ts';
export { DocumentLayout } from './document-layout.ts';
export type { DocumentMeta, DocumentSource } from './document-layout.ts';
export { batchSourcedSchema, batchWriteSchema } from './document-schema.ts';
export type { BatchColumn, BatchSchemaOptions, BatchTable } from './document-schema.ts';
export { runBatchCapture } from './engine.ts';
export type { BatchEngineOptions } from './engine.ts';
export { catalogue, errors } from './errors.ts';
export type { Poll } from './poll.ts';
export { pollQuery } from './query-poll.ts';
export type { RunQuery } from './query-poll.ts';
export {
  batchResourceSchema,
  recommendedResourceName,
  resourceTable,
  resourceTemplate,
  validateBatchResource,
} from './resource.ts';
export type { BatchResource } from './resource.ts';
export type { RowSource } from './rows.ts';
export { parseSchedule, schedulePattern } from './schedule.ts';
export type { Schedule } from './schedule.ts';
export { CUSTOM_QUERY, readState } from './state.ts';
export type { BindingState, CursorValue } from './state.ts';
export { textArgument } from './template/functions.ts';
export { compileQueryTemplate } from './template/query-template.ts';
export type { QueryTemplate, TemplateInput } from './template/query-template.ts';
export { watched } from './watchdog.ts';
