// The first catalog of a user: one capture and one materialization, with what their schemas say as comments.

import { Document, isMap, isScalar, isSeq, parseDocument, type Scalar, type YAMLMap } from 'yaml';

/** A task as it is to be written. */
export interface StarterTask {
  readonly name: string;
  readonly image: string;
  readonly config: Readonly<Record<string, unknown>>;
  /** Pointer into the config → what to say of it. */
  readonly remarks: ReadonlyMap<string, string>;
  readonly documentationUrl: string;
}

export interface StarterBinding {
  readonly source: string;
  readonly resource: Readonly<Record<string, unknown>>;
}

const COMMENT_WIDTH = 110;

const head = `Made by \`weir init\`, in Flow's catalog language. \`weir spec --name TASK\` prints the schema of a task's config.
The configs hold secrets as they are: keep this file to yourself, or encrypt it with sops.

  weir doctor    what keeps a task from running or may hurt it, and the way out
  weir run       keeps the destination up to date, until Ctrl-C
  weir status    how far each task is; weir read COLLECTION prints documents`;

/** A catalog of the capture alone, without bindings. */
export function starterCatalog(capture: StarterTask): string {
  const document = new Document({ captures: { [capture.name]: { ...taskModel(capture), bindings: [] } } });
  document.commentBefore = commentOf(head);
  const task = mapAt(document, ['captures', capture.name]);
  remark(task, capture);
  say(
    task,
    'bindings',
    'One for each table. `disable: true` leaves one out; `weir discover` adds what is new at the source.',
  );
  say(
    mapAt(document, []),
    'captures',
    'What is read: a capture keeps collections in journals under .weir/.',
    true,
  );
  return document.toString({ lineWidth: 0 });
}

/** The catalog with a materialization behind what it has. */
export function addMaterialization(
  text: string,
  materialization: StarterTask,
  bindings: readonly StarterBinding[],
): string {
  const document = parseDocument(text, { intAsBigInt: true });
  const model = {
    ...taskModel(materialization),
    bindings: bindings.map(({ source, resource }) => ({ resource, source })),
  };
  const root = mapAt(document, []);
  root.add(document.createPair('materializations', { [materialization.name]: model }));
  const task = mapAt(document, ['materializations', materialization.name]);
  remark(task, materialization);
  say(task, 'bindings', 'One for each collection: which table it becomes.');
  const list = task.get('bindings');
  for (const item of isSeq(list) ? list.items : []) {
    const resource = isMap(item) ? item.get('resource') : undefined;
    if (isMap(resource)) resource.flow = true;
  }
  say(root, 'collections', 'Schemas and keys of what is captured. Documents are checked against them.', true);
  say(
    root,
    'materializations',
    'Where it goes: a materialization keeps tables up to date with collections.',
    true,
  );
  return document.toString({ lineWidth: 0 });
}

function taskModel({ image, config }: StarterTask): object {
  return { endpoint: { connector: { image, config } } };
}

function remark(task: YAMLMap, { remarks, documentationUrl }: StarterTask): void {
  const connector = task.getIn(['endpoint', 'connector']);
  if (!isMap(connector)) return;
  if (documentationUrl !== '') say(connector, 'config', `See ${documentationUrl}`);
  for (const [pointer, text] of remarks) {
    const path = pointer
      .slice(1)
      .split('/')
      .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
    const owner = connector.getIn(['config', ...path.slice(0, -1)]);
    if (isMap(owner)) say(owner, path.at(-1) ?? '', text);
  }
}

function mapAt(document: Document, path: readonly string[]): YAMLMap {
  const node = path.length === 0 ? document.contents : document.getIn(path);
  if (!isMap(node)) throw new TypeError(`no map at ${path.join(' ')}`);
  return node;
}

/** Puts a comment before a key. */
function say(owner: YAMLMap, key: string, text: string, isApart = false): void {
  const pair = owner.items.find((item) => isScalar(item.key) && item.key.value === key);
  const scalar = pair?.key as Scalar | undefined;
  if (scalar === undefined) return;
  scalar.commentBefore = commentOf(text);
  if (isApart) scalar.spaceBefore = true;
}

function commentOf(text: string): string {
  return text
    .split('\n')
    .flatMap((line) => (line.length <= COMMENT_WIDTH || line.startsWith('  ') ? [line] : wrapped(line)))
    .map((line) => (line === '' ? '' : ` ${line}`))
    .join('\n');
}

function wrapped(text: string): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > COMMENT_WIDTH) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}
