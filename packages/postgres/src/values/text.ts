import type { JsonBuffer } from '@weir/json-bytes';

/** Longer texts and byte strings are cut here; longer JSON values are replaced by a placeholder. */
export const MAX_VALUE_BYTES = 8_388_608;

/** Free text, cut to 8 MiB at the start of a character. */
export function writeText(out: JsonBuffer, bytes: Buffer, start: number, end: number): void {
  out.string(bytes, start, cutAtCharacter(bytes, start, end));
}

export function writeString(out: JsonBuffer, bytes: Buffer, start: number, end: number): void {
  out.string(bytes, start, end);
}

/** Text that is JSON already. */
export function writeVerbatim(out: JsonBuffer, bytes: Buffer, start: number, end: number): void {
  out.raw(bytes, start, end);
}

function cutAtCharacter(bytes: Buffer, start: number, end: number): number {
  if (end - start <= MAX_VALUE_BYTES) return end;
  let cut = start + MAX_VALUE_BYTES;
  // 10xxxxxx continues a character.
  while (cut > start && ((bytes[cut] ?? 0) & 0xc0) === 0x80) cut -= 1;
  return cut;
}
