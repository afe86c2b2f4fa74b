// The other lists as the connector relies on them. From HubSpot's API reference: lists by `after`, or by `offset` and `hasMore`. The
// members of one list come oldest first, as that reference has it, those of the other newest first, as upstream's connector expects
// them. From upstream's connector: forms of other kinds are listed with `formTypes=all` alone, and the submissions of comments on a
// blog are refused; submissions come newest first; both bounds of the filter of e-mail events are inclusive, those of marketing
// e-mails are not, and of those some are left out where numbers of what became of them are asked for; an event that ended a bounce
// has no type; campaigns can be sorted, newest first, and only some of HubSpot's own properties of them be asked for; lists can be
// sorted by their ids, and may be of other objects than contacts; workflows and pipelines have times in milliseconds.
// How late a row is shown, and how small the pages are, is made up.

import type { FakeList, TableRow } from '@weir/cdk/testing';
import { type JsonObject, type JsonValue } from '@weir/schema/json';
import { textOf } from '../src/answers.ts';
import { bodyOf, byIds, msOf, newestFirst, oldestFirst, PAGE, pageOf } from './fake-pages.ts';

export function ownerOf({ updated_at: updated = null, ...row }: JsonObject): JsonObject {
  return { ...row, updatedAt: updated };
}

export const forms: FakeList = (_rows, { searchParams }) => {
  const listed = [
    { id: 'f1', formType: 'hubspot' },
    { id: 'blog', formType: 'blog_comment' },
    { id: 'f2', formType: 'captured' },
    { id: 'gone', formType: 'hubspot' },
  ].filter(({ formType }) => formType === 'hubspot' || searchParams.get('formTypes') === 'all');
  const from = Number(searchParams.get('after') ?? 0);
  return pageOf(listed.slice(from, from + 2), from + 2 < listed.length ? String(from + 2) : undefined);
};

export const submissionsPath = (form: JsonValue): string =>
  `/form-integrations/v1/submissions/forms/${textOf(form)}`;

/** A time that no other row of the table has. */
const ownTime = (time: JsonValue | undefined, id: JsonValue | undefined): number =>
  Math.floor(msOf(time) / 1000) * 1000 + (Number(id) % 1000);

/** No two of a form have the same time, as no key would tell them apart. They stay, and some are shown late. */
export function submissionOf(list: string, { id, created_at: created }: JsonObject): JsonObject {
  return {
    formId: list.slice(submissionsPath('').length),
    submittedAt: ownTime(created, id),
    values: [{ name: 'number', value: textOf(id) }],
  };
}

export const submittedRow = ({ values }: JsonObject): number =>
  Number((values as unknown as readonly [{ readonly value: string }])[0].value);
export const submissionsList = ({ formId = null }: JsonObject): string => submissionsPath(formId);

export const submissions: FakeList = (_rows, { pathname, searchParams }, table) => {
  const shown = table
    .ever()
    .filter(({ id, createdAt }) => createdAt.ms + (id % 3) * 60_000 <= table.nowMs)
    .map(({ id, createdAt }) => submissionOf(pathname, { id, created_at: createdAt.toString() }))
    .map(({ formId: _formId, ...row }) => ({ row, at: Number(row['submittedAt']) }));
  return newestFirst(shown, searchParams.get('after'));
};

/** Two lists that stay, behind those that come and go and that nobody is in. */
export const contactLists: FakeList = (rows, _url, _table, { body }) => {
  const { offset = 0, additionalProperties = [] } = bodyOf(body) as unknown as {
    readonly offset?: number;
    readonly additionalProperties?: readonly string[];
  };
  const isWhole = additionalProperties.includes('hs_lastmodifieddate');
  const lists = [
    ...rows.map(({ row }) => listed(row, isWhole)),
    { listId: '10001', objectTypeId: '0-1', updatedAt: '2020-01-01T00:00:00Z', additionalProperties: {} },
    { listId: '10002', objectTypeId: '0-1', updatedAt: '2020-01-01T00:00:00Z', additionalProperties: {} },
  ];
  const end = Math.min(offset + PAGE, lists.length);
  return { body: { lists: lists.slice(offset, end), offset: end, hasMore: end < lists.length } };
};

/** `updatedAt` is that of its filters, and stays. */
function listed({ id, version, updated_at: updated }: JsonObject, isWhole: boolean): JsonObject {
  const additionalProperties = { hs_lastmodifieddate: textOf(msOf(updated)), version: textOf(version) };
  return {
    listId: textOf(id),
    objectTypeId: Number(id) % 2 === 0 ? '0-1' : '0-2',
    updatedAt: '2020-01-01T00:00:00Z',
    additionalProperties: isWhole ? additionalProperties : {},
  };
}

export const listPropertiesPath = '/crm/v3/properties/0-45';
export const listProperties: FakeList = () => pageOf([{ name: 'hs_lastmodifieddate' }, { name: 'version' }]);

/** Nothing is made of a list of other objects. */
export function contactListsOf(row: JsonObject): JsonObject[] {
  const list = listed(row, true);
  return list['objectTypeId'] === '0-1' ? [{ ...list, listId: Number(row['id']) }] : [];
}

export const membersPath = (list: JsonValue): string =>
  `/crm/v3/lists/${textOf(list)}/memberships/join-order`;

export function memberOf(path: string, { id, updated_at: updated }: JsonObject): JsonObject {
  const at = ownTime(updated, id);
  const listId = Number(/\d+/.exec(path.slice('/crm/v3/lists/'.length))?.[0]);
  return { listId, recordId: textOf(id), membershipTimestamp: new Date(at).toISOString() };
}

export const membersList = ({ listId = null }: JsonObject): string => membersPath(listId);

export const members: FakeList = (rows, { pathname, searchParams }) => {
  const shown = rows
    .map(({ row }) => memberOf(pathname, row))
    .map(({ listId: _listId, ...row }) => ({ row, at: msOf(row['membershipTimestamp']) }));
  const inOrder = pathname === membersPath(10_001) ? newestFirst : oldestFirst;
  return inOrder(shown, searchParams.get('after'));
};

const eventOf = ({ id, version, updated_at: updated }: JsonObject): JsonObject => ({
  id: textOf(id),
  created: msOf(updated),
  version: version ?? null,
  ...(Number(version) % 3 === 0 ? {} : { type: 'OPEN' }),
});

/** An event for each time that a row changed: what a row of the table was before is no longer known. */
export const emailEventOf = (row: JsonObject): JsonObject => ({
  type: 'UNBOUNCE',
  ...eventOf(row),
  created: textOf(row['updated_at']),
});

export const emailEvents: FakeList = (rows, { searchParams }) => {
  const behind = rows.filter(
    ({ id, updatedAt }) =>
      id > Number(searchParams.get('offset') ?? 0) &&
      updatedAt.ms >= Number(searchParams.get('startTimestamp') ?? 0) &&
      updatedAt.ms <= Number(searchParams.get('endTimestamp') ?? Infinity),
  );
  const shown = behind.slice(0, PAGE);
  return {
    body: {
      events: shown.map(({ row }) => eventOf(row)),
      hasMore: behind.length > PAGE,
      offset: String(shown.at(-1)?.id ?? ''),
    },
  };
};

export const rowOfUpdate = ({ id, version, updated_at: updated }: JsonObject): JsonObject => ({
  id: textOf(id),
  version: version ?? null,
  updatedAt: updated ?? null,
});

export const marketingEmails: FakeList = (rows, { searchParams }) => {
  const [after, before] = [msOf(searchParams.get('updatedAfter')), msOf(searchParams.get('updatedBefore'))];
  const isArchived = searchParams.get('archived') === 'true';
  const isCounted = searchParams.get('includeStats') === 'true';
  const wanted = ({ id, updatedAt }: TableRow): boolean =>
    updatedAt.ms > after &&
    updatedAt.ms < before &&
    (id % 4 === 0) === isArchived &&
    !(isCounted && id % 3 === 0);
  return byIds(rows.filter(wanted), searchParams.get('after'), rowOfUpdate);
};

export const campaignProperties: FakeList = () =>
  pageOf([{ name: 'hs_name' }, { name: 'hs_secret' }, { name: 'color' }]);

/** Positions are `time/id`, and rows of one time come by their ids. */
export const campaigns: FakeList = (rows, { searchParams }) => {
  if ((searchParams.get('properties') ?? 'hs_name,color') === 'hs_name,color') {
    const [time = Infinity, id = 0] = (searchParams.get('after') ?? '')
      .split('/')
      .filter(Boolean)
      .map(Number);
    const sorted = rows.toSorted(
      (left, right) => right.updatedAt.compare(left.updatedAt) || left.id - right.id,
    );
    const below = sorted.filter(
      (row) => row.updatedAt.ms < time || (row.updatedAt.ms === time && row.id > id),
    );
    const shown = below.slice(0, PAGE);
    const last = shown.at(-1);
    const next = below.length > PAGE ? `${last?.updatedAt.ms}/${last?.id}` : undefined;
    return pageOf(
      shown.map(({ row }) => rowOfUpdate(row)),
      next,
    );
  }
  return { status: 400, text: 'some of these properties cannot be read' };
};

export const workflowOf = ({
  id = null,
  version = null,
  updated_at: updated,
  created_at: created,
}: JsonObject) => ({
  id,
  version,
  insertedAt: created ?? null,
  updatedAt: updated ?? null,
});

export const workflows: FakeList = (rows) => ({
  body: {
    workflows: rows.map(({ row }) => ({
      ...workflowOf(row),
      insertedAt: msOf(row['created_at']),
      updatedAt: msOf(row['updated_at']),
    })),
  },
});

export const pipelineOf = ({ id, version = null, created_at: created = null }: JsonObject): JsonObject => ({
  pipelineId: textOf(id),
  version,
  createdAt: created,
  updatedAt: null,
});

export const pipelines: FakeList = (rows) =>
  pageOf(rows.map(({ row }) => ({ ...pipelineOf(row), createdAt: msOf(row['created_at']) })));

export const marketingEventOf = ({ id, version = null }: JsonObject): JsonObject => ({
  objectId: textOf(id),
  version,
});

/** Two of each event. */
export const participantsOf = ({ id, version = null }: JsonObject): JsonObject[] =>
  [1, 2].map((each) => ({ id: `${textOf(id)}-${each}`, version }));
