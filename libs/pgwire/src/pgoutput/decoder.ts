import { POSTGRES_EPOCH_MICROS } from '../replication-stream.ts';
import { BodyReader } from '../wire/backend-messages.ts';
import type { PgOutputChange, PgOutputColumn, PgOutputMessage, PgOutputRelation } from './messages.ts';
import { malformed, TupleView } from './tuple-view.ts';

class Change implements PgOutputChange {
  kind: 'insert' | 'update' | 'delete' = 'insert';
  relation: PgOutputRelation;
  bytes: Buffer = Buffer.alloc(0);
  oldKind: 'none' | 'key' | 'full' = 'none';
  readonly oldTuple: TupleView = new TupleView();
  readonly newTuple: TupleView = new TupleView();
  start = 0;
  end = 0;

  constructor() {
    this.relation = { id: 0, schema: '', name: '', replicaIdentity: 'd', columns: [] };
  }

  readTuples(): void {
    let offset = this.start;
    let marker = this.bytes[offset];
    this.oldKind = 'none';
    if (this.kind !== 'insert' && (marker === 0x4b || marker === 0x4f)) {
      this.oldKind = marker === 0x4b ? 'key' : 'full';
      offset = this.oldTuple.read(this.bytes, offset + 1, this.end);
      marker = this.bytes[offset];
    }
    if (this.kind !== 'delete') {
      if (marker !== 0x4e) throw malformed(`a row marked ${marker}`);
      offset = this.newTuple.read(this.bytes, offset + 1, this.end);
    } else if (this.oldKind === 'none') throw malformed('a delete without its old row');
    if (offset !== this.end) throw malformed('bytes after a row');
  }
}

/** Decodes the messages of one replication connection in order; it remembers the relations they refer to. */
export class PgOutputDecoder {
  readonly relations = new Map<number, PgOutputRelation>();
  readonly #change = new Change();

  /** Throws `PgConnectionError` (protocol) on bytes that are not pgoutput, protocol 1. */
  decode(bytes: Buffer, start: number, end: number): PgOutputMessage {
    switch (bytes[start]) {
      case 0x49:
        return this.#decodeChange('insert', bytes, start, end);
      case 0x55:
        return this.#decodeChange('update', bytes, start, end);
      case 0x44:
        return this.#decodeChange('delete', bytes, start, end);
      default:
        return this.#decodeCold(bytes, start, end);
    }
  }

  #decodeChange(
    kind: 'insert' | 'update' | 'delete',
    bytes: Buffer,
    start: number,
    end: number,
  ): PgOutputChange {
    const change = this.#change;
    change.kind = kind;
    change.bytes = bytes;
    change.relation = this.#relation(bytes.readUInt32BE(start + 1));
    change.start = start + 5;
    change.end = end;
    return change;
  }

  #decodeCold(bytes: Buffer, start: number, end: number): PgOutputMessage {
    const body = new BodyReader(bytes, start + 1, end);
    switch (bytes[start]) {
      case 0x42:
        return { kind: 'begin', finalLsn: lsn(body), commitTimeMicros: time(body), xid: body.uint32() };
      case 0x43:
        body.byte();
        return { kind: 'commit', commitLsn: lsn(body), endLsn: lsn(body), commitTimeMicros: time(body) };
      case 0x52: {
        const relation = readRelation(body);
        this.relations.set(relation.id, relation);
        return { kind: 'relation', relation };
      }
      case 0x59:
        return { kind: 'type', oid: body.uint32(), schema: body.cstring(), name: body.cstring() };
      case 0x54: {
        const count = body.uint32();
        const options = body.byte();
        const relations = Array.from({ length: count }, () => this.#relation(body.uint32()));
        return {
          kind: 'truncate',
          relations,
          cascade: (options & 1) !== 0,
          restartIdentity: (options & 2) !== 0,
        };
      }
      case 0x4f:
        return { kind: 'origin', originLsn: lsn(body), name: body.cstring() };
      case 0x4d: {
        const transactional = (body.byte() & 1) !== 0;
        const position = lsn(body);
        const prefix = body.cstring();
        body.uint32();
        return { kind: 'message', transactional, lsn: position, prefix, content: body.rest() };
      }
      case 0x41:
        return { kind: 'streamAbort', xid: body.uint32(), subxid: body.uint32() };
      default:
        throw malformed(`a message of type ${bytes[start]}`);
    }
  }

  #relation(id: number): PgOutputRelation {
    const relation = this.relations.get(id);
    if (relation === undefined) throw malformed(`a change of relation ${id}, which it never described`);
    return relation;
  }
}

function lsn(body: BodyReader): bigint {
  body.offset += 8;
  return body.bytes.readBigUInt64BE(body.offset - 8);
}

function time(body: BodyReader): bigint {
  body.offset += 8;
  return body.bytes.readBigInt64BE(body.offset - 8) + POSTGRES_EPOCH_MICROS;
}

/** `Int32 id, String schema, String name, Int8 identity, Int16 n`, then `Int8 flags, String name, Int32 type, Int32 modifier`. */
function readRelation(body: BodyReader): PgOutputRelation {
  const id = body.uint32();
  const schema = body.cstring();
  const name = body.cstring();
  const identity = String.fromCharCode(body.byte());
  const columns: PgOutputColumn[] = [];
  for (let remaining = body.int16(); remaining > 0; remaining -= 1) {
    const isKey = (body.byte() & 1) !== 0;
    columns.push({ name: body.cstring(), isKey, typeOid: body.uint32(), typeModifier: body.int32() });
  }
  const replicaIdentity = identity === 'n' || identity === 'f' || identity === 'i' ? identity : 'd';
  // The schema pg_catalog is sent as an empty string.
  return { id, schema: schema === '' ? 'pg_catalog' : schema, name, replicaIdentity, columns };
}
