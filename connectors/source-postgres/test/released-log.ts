// How far the server may forget its log for a capture.

import type { PostgresServer } from '@weir/testing';
import type { CaptureHarness } from './capture-harness.ts';

const WAIT_MS = 15_000;

/** Resolves when the slot has passed the end of the log as of now, which takes no longer than promised. */
export async function untilReleased(capture: CaptureHarness, server: PostgresServer): Promise<void> {
  const [mark] = await server.query('SELECT pg_current_wal_lsn() AS lsn');
  const lsn = mark?.['lsn'] ?? '';
  const hasPassed = async () => {
    const [row] = await server.query(
      "SELECT confirmed_flush_lsn >= $1::pg_lsn AS moved FROM pg_replication_slots WHERE slot_name = 'flow_slot'",
      [lsn],
    );
    return row?.['moved'] === 't';
  };
  await capture.until(`the slot to pass ${lsn}`, hasPassed, WAIT_MS);
}
