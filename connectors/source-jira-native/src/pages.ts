// How Jira's three APIs split their lists. A page may have fewer rows than were asked for and still not be the last one.

import { offset } from '@weir/cdk';

const stability = 'shifting';
const total = '/total';

/** Of the platform and of boards. */
export const platformPages = offset({
  param: 'startAt',
  size: ['maxResults', 100],
  ends: { last: '/isLast', total },
  stability,
});
/** What most of the lists are. */
export const values = { records: 'values', paging: platformPages } as const;
/** Of the service desk. */
export const deskPages = offset({
  param: 'start',
  size: ['limit', 100],
  ends: { last: '/isLastPage', total },
  stability,
});
/** Bare lists, of which an empty one is the last. */
export const barePages = offset({ param: 'startAt', size: ['maxResults', 100], ends: 'empty', stability });

/** An answer that is one object, and not a list of them. */
export const oneObject = { records: { kind: 'json lines' } } as const;
