// Names of journals and of their folders. A journal's name holds the collection, the capture that writes it and a random
// generation, so that a destination's checkpoint of another state folder never passes for a position in this one.

import { createHash } from 'node:crypto';
import type { Random } from '../host/clock.ts';

export function journalName(collection: string, task: string, random: Random): string {
  return `${collection}/from=${encodePart(task)}/generation=${random.bytes(4).toString('hex')}`;
}

const longestFolderName = 200;

/** A folder name for a journal that is legal everywhere, readable, and different for different names. */
export function journalFolderName(name: string): string {
  const encoded = encodePart(name);
  if (encoded.length <= longestFolderName) return encoded;
  const digest = createHash('sha256').update(name).digest('hex').slice(0, 32);
  return `${encoded.slice(0, longestFolderName - 33)}-${digest}`;
}

/** Percent-encodes every UTF-8 byte except letters, digits and `- _ . + =`, and a leading dot. */
function encodePart(text: string): string {
  let encoded = '';
  for (const byte of Buffer.from(text, 'utf8')) {
    const character = String.fromCharCode(byte);
    encoded +=
      /[A-Za-z0-9_+=-]/.test(character) || (character === '.' && encoded !== '')
        ? character
        : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return encoded;
}
