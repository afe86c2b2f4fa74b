// The entry of the thread of a task.

import '../host/quick-imports.ts';

await import('./task-worker.ts');
