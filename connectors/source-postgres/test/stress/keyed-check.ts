// A collection that is merged by key. For each key the ledger has the whole story: rows with their stamps, deletes, and
// ends without a document (TRUNCATE, DROP, a key update that stays one update). The changes that were captured are the
// end of that story without a gap, and what was read by the backfill is a page of it.

import { differingColumns, type Collection, type Received, type Row } from './collection.ts';

type Event =
  | { readonly kind: 'row'; readonly op: 'c' | 'u'; readonly stamp: number; readonly isLater: boolean }
  | { readonly kind: 'delete'; readonly isLater: boolean }
  | { readonly kind: 'gone'; readonly isLater: boolean };

export function keyedProblems(collection: Collection): string[] {
  const stories = tellStories(collection);
  const documents = Map.groupBy(collection.documents, ({ key }) => key);
  const problems: string[] = [];
  for (const key of new Set([...stories.keys(), ...documents.keys()])) {
    const found = keyProblems(collection, key, stories.get(key) ?? [], documents.get(key) ?? []);
    if (found.length > 0)
      problems.push(explained(collection, key, found, stories.get(key), documents.get(key)));
  }
  return problems;
}

/** With the end of what happened and of what came. */
function explained(
  { stream }: Collection,
  key: string,
  problems: readonly string[],
  story: readonly Event[] = [],
  documents: readonly Received[] = [],
): string {
  const happened = story.slice(-8).map(eventText).join(' ');
  const came = documents.slice(-8).map(documentText).join(' ');
  return `${stream} ${key}: ${problems.join(', ')} (happened: ${happened}; came: ${came})`;
}

function tellStories({ notes, plan }: Collection): Map<string, Event[]> {
  const stories = new Map<string, Event[]>();
  const tell = (key: string | undefined, event: Event) => {
    const story = stories.get(key ?? '') ?? [];
    stories.set(key ?? '', story);
    story.push(event);
  };
  for (const { kind, oldKey, newKey, newStamp = NaN, isLater } of notes) {
    switch (kind) {
      case 'insert':
        tell(newKey, { kind: 'row', op: 'c', stamp: newStamp, isLater });
        break;
      case 'update': {
        const moves = oldKey !== newKey;
        if (moves) tell(oldKey, { kind: plan.splitKeyUpdates ? 'delete' : 'gone', isLater });
        tell(newKey, {
          kind: 'row',
          op: moves && plan.splitKeyUpdates ? 'c' : 'u',
          stamp: newStamp,
          isLater,
        });
        break;
      }
      case 'delete':
        tell(oldKey, { kind: 'delete', isLater });
        break;
      case 'truncate':
      case 'drop':
        for (const story of stories.values())
          if (story.at(-1)?.kind === 'row') story.push({ kind: 'gone', isLater });
        break;
      case 'alter':
        break;
      default:
        break;
    }
  }
  return stories;
}

function keyProblems(
  collection: Collection,
  key: string,
  story: readonly Event[],
  documents: readonly Received[],
): string[] {
  const streamed = documents.filter(({ isSnapshot }) => !isSnapshot);
  const places = placesOf(collection, story, streamed);
  if (typeof places === 'string') return [places];
  const problems = [
    ...unpromised(collection, story, streamed),
    ...steps(story, documents, places),
    ...scanProblems(collection, documents),
  ];
  const reduced = reduce(documents);
  const row = collection.rows.get(key);
  return [...problems, ...endProblems(collection, story, row, reduced)];
}

/** For each streamed document its place in the story; or what is wrong with them. */
function placesOf(
  { notes }: Collection,
  story: readonly Event[],
  streamed: readonly Received[],
): ReadonlyMap<Received, number> | string {
  // What is written to a table that was created again is not streamed before the table is published.
  const mayHaveGaps = notes.some(({ kind }) => kind === 'drop');
  const isPassedOver = (event: Event | undefined, document: Received) =>
    event?.kind === 'gone' || (mayHaveGaps && !matches(event, document));
  const places = new Map<Received, number>();
  let place = story.length - 1;
  for (const document of streamed.toReversed()) {
    while (place >= 0 && isPassedOver(story[place], document)) place -= 1;
    if (place < 0 || !matches(story[place], document)) {
      return `the changes that came are not the last ones without a gap: ${documentText(document)}`;
    }
    places.set(document, place);
    place -= 1;
  }
  return places;
}

function matches(event: Event | undefined, { op, stamp }: Received): boolean {
  if (event?.kind === 'row') return op === event.op && stamp === event.stamp;
  return event?.kind === 'delete' && op === 'd';
}

/** Without a backfill, every change since the table was seen to be Active has to come. */
function unpromised({ table }: Collection, story: readonly Event[], streamed: readonly Received[]): string[] {
  if (table.mode !== 'Only Changes') return [];
  const promised = story.filter(({ kind, isLater }) => isLater && kind !== 'gone').length;
  return streamed.length < promised ? [`${promised} changes since the start, ${streamed.length} came`] : [];
}

/** What a checkpoint has of a key is never older than what one before it had. */
function steps(
  story: readonly Event[],
  documents: readonly Received[],
  places: ReadonlyMap<Received, number>,
): string[] {
  const read = new Map(story.flatMap((event, place) => (event.kind === 'row' ? [[event.stamp, place]] : [])));
  let known = -1;
  for (const [index, document] of documents.entries()) {
    const place = places.get(document) ?? read.get(document.stamp ?? NaN);
    if (place === undefined) return [`a row with the stamp ${document.stamp} never was`];
    if (documents[index + 1]?.group === document.group) continue;
    if (place < known)
      return [`${documentText(document)} of checkpoint ${document.group} is older than what came before`];
    known = place;
  }
  return [];
}

/** A scan in key order meets each key once; a precise one, before any of its changes. */
function scanProblems({ table, notes }: Collection, documents: readonly Received[]): string[] {
  const isReadAgain = notes.some(({ kind }) => kind === 'truncate' || kind === 'drop' || kind === 'alter');
  if (isReadAgain || table.mode === 'Without Primary Key') return [];
  const read = documents.filter(({ isSnapshot }) => isSnapshot);
  if (read.length > 1) return [`was read ${read.length} times`];
  const isLate = table.mode === 'Precise' && documents.findIndex(({ isSnapshot }) => isSnapshot) > 0;
  return isLate ? ['was read after its changes'] : [];
}

function reduce(documents: readonly Received[]): Row | undefined {
  let row: Row | undefined;
  for (const { op, document } of documents) row = op === 'd' ? undefined : { ...row, ...document };
  return row;
}

function endProblems(
  collection: Collection,
  story: readonly Event[],
  row: Row | undefined,
  reduced: Row | undefined,
): string[] {
  if (row === undefined && reduced === undefined) return [];
  if (row === undefined) {
    return lingers(collection, story, reduced)
      ? []
      : [`the collection has the row ${clipped(reduced?.['stamp'])}, the table nothing`];
  }
  if (reduced === undefined) {
    const isLater = story.at(-1)?.isLater === true;
    if (collection.table.mode === 'Only Changes' && !isLater) return [];
    return [`the table has the stamp ${JSON.stringify(row['stamp'])}, the collection nothing`];
  }
  const columns = differingColumns(collection, row, reduced);
  const text = (of: Row) => columns.map((name) => `${name}=${clipped(of[name])}`).join(' ');
  return columns.length === 0 ? [] : [`the table has ${text(row)}, the collection ${text(reduced)}`];
}

/** Nothing took the row back when its table was emptied; nor what came after it, if that was never published. */
function lingers({ notes }: Collection, story: readonly Event[], reduced: Row | undefined): boolean {
  const place = story.findIndex((event) => event.kind === 'row' && event.stamp === reduced?.['stamp']);
  if (place < 0 || story[place + 1]?.kind !== 'gone') return false;
  return place === story.length - 2 || notes.some(({ kind }) => kind === 'drop');
}

function clipped(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}

function documentText({ op, stamp, isSnapshot, group }: Received): string {
  return `${isSnapshot ? 'read' : op}${stamp === undefined ? '' : `:${stamp}`}@${group}`;
}

function eventText(event: Event): string {
  return event.kind === 'row' ? `${event.op}:${event.stamp}` : event.kind;
}
