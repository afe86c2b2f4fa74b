// A preview is a look at a task: nothing of it is kept, and the same task may be running for good elsewhere. Whoever
// starts a connector for one says so in its environment:
//   WEIR_PREVIEW=<id>            the preview, by a name of its own; empty or `off`: this is no preview
//   WEIR_PREVIEW_SESSIONS=<n>    how many sessions it will have, each of which goes on where the one before ended;
//                                the process that answers the first Apply then lives until the last one is over
// Such a connector leaves alone what the task keeps at its source (a replication slot, a consumer group), and leaves
// nothing of its own behind, however it ends.

export interface Preview {
  readonly id: string;
  readonly sessions: number;
}

export function previewOf(env: Readonly<Record<string, string | undefined>>): Preview | undefined {
  const id = env['WEIR_PREVIEW'] ?? '';
  if (id === '' || id === 'off') return undefined;
  const sessions = Number(env['WEIR_PREVIEW_SESSIONS'] ?? 1);
  return { id, sessions: Number.isSafeInteger(sessions) && sessions > 0 ? sessions : 1 };
}
