export { runTasks, type RunOptions } from './commands/run.ts';
export { catalogue, errors } from './errors.ts';
