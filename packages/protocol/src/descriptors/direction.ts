// A direction of a protocol: a message that sets exactly one of its members, which our types call its `kind`.

import type { MessageDescriptor } from '../descriptor.ts';

export interface Member {
  readonly kind: string;
  /** Of its JSON name. */
  readonly nameBytes: Buffer;
  readonly number: number;
  readonly message: MessageDescriptor;
}

export interface DirectionDescriptor {
  readonly name: string;
  readonly members: readonly Member[];
  readonly byNumber: ReadonlyMap<number, Member>;
  /** By the camelCase name and by the snake_case one. */
  readonly byName: ReadonlyMap<string, Member>;
  readonly byKind: ReadonlyMap<string, Member>;
}

/** Runtime-private bytes; cleared before a connector sees a request, and skipped here. */
export const INTERNAL_FIELD = 100;

/** A number and a table for each kind of the message type `M`. */
export type MemberTable<M extends { readonly kind: string }> = Readonly<
  Record<M['kind'], readonly [number: number, message: MessageDescriptor]>
>;

export function defineDirection(
  name: string,
  members: Readonly<Record<string, readonly [number: number, message: MessageDescriptor]>>,
): DirectionDescriptor {
  const entries = Object.entries(members);
  const all: Member[] = entries.map(([kind, [number, message]]) => ({
    kind,
    nameBytes: Buffer.from(kind),
    number,
    message,
  }));
  const byName = new Map<string, Member>();
  for (const member of all) {
    byName.set(member.kind, member);
    byName.set(
      member.kind.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      member,
    );
  }
  return {
    name,
    members: all,
    byNumber: new Map(all.map((member) => [member.number, member])),
    byName,
    byKind: new Map(all.map((member) => [member.kind, member])),
  };
}
