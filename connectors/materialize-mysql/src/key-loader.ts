// Stored documents by their keys: the keys go into a temporary table, and the documents of those that are there come back.
// Outside of any transaction, on a session of its own, so that keys of the next transaction can come in while the last
// one is being committed.

import { crashPoint } from '@weir/crash-point';
import type { Loads } from '@weir/materialize';
import { encodeKey, RowBuffer } from '@weir/materialize-sql';
import { loadRows } from './bulk-load.ts';
import type { MysqlCrashPoint } from './crash-points.ts';
import type { DocumentSource } from './document-source.ts';
import { KeyWidth } from './key-width.ts';
import type { Session } from './session.ts';
import { loadDataSql, loadSql, type Stage, stageName, stageOf } from './table-sql.ts';
import type { TargetTable } from './target-table.ts';

const FILE_BYTES = 1 << 20;
/** Keys that are staged before their documents are asked for. */
const MAX_STAGED_KEYS = 100_000;

const crash: (point: MysqlCrashPoint) => void = crashPoint;

export class KeyLoader {
  readonly #session: Session;
  readonly #target: TargetTable;
  readonly #documents: DocumentSource;
  readonly #doing: string;
  readonly #stage: Stage;
  readonly #loadKeysSql: string;
  readonly #selectSql: string;
  readonly #keys = new RowBuffer('escape');
  readonly #widths: KeyWidth;
  #staged = 0;
  #isMade = false;

  constructor(session: Session, target: TargetTable, documents: DocumentSource) {
    const { table, binding, typeOf } = target;
    this.#session = session;
    this.#target = target;
    this.#documents = documents;
    this.#doing = `loading from ${table.identifier}`;
    this.#stage = stageOf(stageName('load', binding), table.keys, typeOf);
    this.#loadKeysSql = loadDataSql(this.#stage.name, table.keys);
    this.#selectSql = loadSql(table, documents.columns, this.#stage.name);
    this.#widths = new KeyWidth(table, target.keys);
  }

  /** Takes keys; a key that is too long for its column is in no row. */
  async add(keys: readonly Buffer[]): Promise<void> {
    for (const packed of keys) {
      if (!this.#widths.fits(packed, 0, packed.length)) continue;
      encodeKey(this.#target.table, packed, 0, packed.length, this.#keys);
      this.#staged += 1;
    }
    if (this.#keys.length >= FILE_BYTES) await this.#send();
  }

  get isFull(): boolean {
    return this.#staged >= MAX_STAGED_KEYS;
  }

  /** Gives the documents of the keys so far, and forgets the keys. The previous transaction must be acknowledged. */
  async finish(loads: Loads): Promise<void> {
    if (this.#staged === 0) return;
    await this.#send();
    crash('materialize-mysql.keys-staged');
    const { binding } = this.#target;
    await this.#session.stream(this.#selectSql, this.#doing, {
      row: (values) => {
        const document = this.#documents.document(values);
        if (document !== undefined) loads.loaded(binding, document);
      },
      get congested() {
        return loads.congested;
      },
      drained: () => loads.drained(),
    });
    this.#staged = 0;
    await this.#session.run(this.#stage.drop, this.#doing);
    this.#isMade = false;
  }

  async #send(): Promise<void> {
    if (this.#keys.length === 0) return;
    if (!this.#isMade) {
      await this.#session.run(this.#stage.create, this.#doing);
      this.#isMade = true;
    }
    await loadRows(this.#session, { sql: this.#loadKeysSql, doing: this.#doing }, this.#keys.take());
  }
}
