// Settings, projects, boards and users: lists without a time of change, read whole.

import {
  children,
  type ChildrenOptions,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  type ListAbove,
  type ListOptions,
  type ListsBelow,
  snapshot,
} from '@weir/cdk';
import { mayBeGone } from './gone.ts';
import { numbered } from './issues.ts';
import { barePages, deskPages, oneObject, values } from './pages.ts';

const platform = (path: string): string => `/api/3/${path}`;
const interval = '1h';
/** Most are discovered without being enabled. */
const common = { interval, disabled: true, order: 'as listed' } as const;
const enabled = { disabled: false } as const;

/** `by`: what tells the rows apart. */
const single = (path: string, records = '', by = '/id') =>
  snapshot({ interval, disabled: true, path: platform(path), records, order: { by } });

const paged = (path: string, options: Partial<Parameters<typeof snapshot>[0]> = {}) =>
  snapshot({ ...common, ...values, path: platform(path), ...options });

const below = (options: Omit<ListsBelow, 'id'> & Pick<ChildrenOptions, 'disabled'>) =>
  children({ ...common, ...mayBeGone, id: '/id', ...options });

/** With what the user may do there. What is below archived ones is refused. */
export const projectsOf = (status: string): ListOptions => ({
  ...values,
  path: platform('project/search'),
  query: { status, expand: 'permissions' },
});

const belowProjects = (list: string) =>
  below({ ...values, of: projectsOf('live'), path: (project) => platform(`project/${project}/${list}`) });

function mayEdit(project: JsonObject): JsonObject | undefined {
  const { permissions = null } = project;
  return isJsonObject(permissions) && permissions['canEdit'] === true ? project : undefined;
}

const boards = {
  ...values,
  path: '/agile/1.0/board',
  query: { includePrivate: true, orderBy: 'name' },
} as const;

/** What is below a private board is not found. */
export const openBoards: ListOptions = {
  ...boards,
  map: (board) => (board['isPrivate'] === true ? undefined : board),
};

const sprints = {
  ...values,
  ...mayBeGone,
  of: openBoards,
  id: '/id',
  path: (board: string) => `/agile/1.0/board/${board}/sprint`,
  map: numbered,
  // One sprint may be on several boards.
  once: '/id',
} as const;

/** Neither of the two lists has all fields. */
export const fieldLists: readonly ListOptions[] = [
  { path: platform('field') },
  { ...values, path: platform('field/search'), query: { orderBy: 'name', expand: 'key' } },
];

/** The names of fields of users' own; others have no contexts. */
const isCustom = ({ id }: JsonObject): boolean => typeof id === 'string' && id.startsWith('customfield_');

function hasOptions({ schema = null }: JsonObject): boolean {
  if (!isJsonObject(schema)) return false;
  const { type, items, custom } = schema;
  return (
    type === 'option' || items === 'option' || /select|radio|checkbox/.test(JSON.stringify(custom ?? ''))
  );
}

/** Fields of projects that manage their own are listed, and are not found here. */
const contextsOf = (isWanted: (field: JsonObject) => boolean) => ({
  ...values,
  ...mayBeGone,
  of: fieldLists.map((list): ListAbove => ({
    ...list,
    map: (field) => (isCustom(field) && isWanted(field) ? field : undefined),
  })),
  id: '/id',
  as: '/issueFieldId',
  path: (field: string) => platform(`field/${field}/context`),
});

const objectsIn = (values: JsonValue): JsonObject[] => Object.values(values ?? {}).filter(isJsonObject);

export const listStreams = {
  application_roles: single('applicationrole', '', '/key'),
  issue_link_types: single('issueLinkType', 'issueLinkTypes'),
  issue_priorities: single('priority'),
  issue_security_schemes: single('issuesecurityschemes', 'issueSecuritySchemes'),
  issue_types: snapshot({ interval, path: platform('issuetype'), order: { by: '/id' } }),
  permission_schemes: single('permissionscheme', 'permissionSchemes'),
  project_categories: single('projectCategory'),
  project_roles: single('role'),
  project_types: single('project/type', '', '/key'),
  workflow_status_categories: single('statuscategory'),
  workflow_statuses: single('status'),
  // Columns, in the order in which they are shown.
  issue_navigator_settings: snapshot({ ...common, path: platform('settings/columns') }),
  dashboards: paged('dashboard', { ...enabled, records: 'dashboards' }),
  filters: paged('filter/search'),
  groups: paged('group/bulk'),
  issue_field_configurations: paged('fieldconfiguration'),
  issue_resolutions: paged('resolution/search'),
  issue_type_schemes: paged('issuetypescheme'),
  issue_type_screen_schemes: paged('issuetypescreenscheme'),
  projects: paged('project/search', {
    ...enabled,
    query: { status: 'live,archived,deleted', expand: 'description,lead,projectKeys,url,issueTypes' },
  }),
  screen_schemes: paged('screenscheme'),
  screen_tabs: paged('screens/tabs'),
  screens: paged('screens'),
  users: paged('users/search', { ...enabled, records: '', paging: barePages }),
  workflow_schemes: paged('workflowscheme'),
  workflows: paged('workflows/search', { query: { orderBy: 'created' } }),
  boards: snapshot({ ...common, ...enabled, ...boards }),
  service_desks: paged('', { path: '/servicedeskapi/servicedesk', paging: deskPages }),
  request_types: paged('', {
    path: '/servicedeskapi/requesttype',
    paging: deskPages,
    headers: { 'X-ExperimentalApi': 'opt-in' },
  }),
  sprints: below({ ...sprints, ...enabled }),
  sprint_issues: below({
    ...values,
    records: 'issues',
    of: sprints,
    as: '/sprintId',
    path: (sprint) => `/agile/1.0/sprint/${sprint}/issue`,
    query: { fields: 'id', jql: 'ORDER BY id' },
    map: numbered,
  }),
  filter_sharing: below({
    of: { ...values, path: platform('filter/search') },
    as: '/filterId',
    path: (filter) => platform(`filter/${filter}/permission`),
    // The page of a link that leads nowhere: the filter is not shared with the user.
    answers: [...mayBeGone.answers, { status: 404, text: /dead link/, means: 'empty' }],
  }),
  issue_custom_field_contexts: below(contextsOf(() => true)),
  issue_custom_field_options: below({
    ...values,
    // Asking for the options of a field that has none is an error.
    of: contextsOf(hasOptions),
    as: '/fieldContextId',
    path: (context, field) => platform(`field/${field}/context/${context}/option`),
  }),
  screen_tab_fields: below({
    of: {
      of: { ...values, path: platform('screens') },
      ...mayBeGone,
      id: '/id',
      as: '/screenId',
      path: (screen: string) => platform(`screens/${screen}/tabs`),
    },
    as: '/tabId',
    path: (tab, screen) => platform(`screens/${screen}/tabs/${tab}/fields`),
  }),
  permissions: snapshot({
    ...common,
    ...oneObject,
    path: platform('permissions'),
    map: ({ permissions = null }) => objectsIn(isJsonObject(permissions) ? permissions : {}),
  }),
  project_avatars: below({
    ...oneObject,
    of: projectsOf('live'),
    as: '/projectId',
    path: (project) => platform(`project/${project}/avatars`),
    map: ({ system = [], custom = [] }) => [...objectsIn(system), ...objectsIn(custom)],
  }),
  project_components: belowProjects('component'),
  project_versions: belowProjects('version'),
  project_emails: below({
    of: { ...projectsOf('live'), map: mayEdit },
    as: '/projectId',
    path: (project) => platform(`project/${project}/email`),
    ...oneObject,
  }),
};
