// Greenhouse's Harvest API, version 3. Every list but one has `updated_at` and a filter on it; its pages are linked by
// the header `Link`, whose cursor stands for the whole request and is sent alone.

import { changes, clientCredentials, defineApi, each, get, linkHeader, snapshot, updatedAt } from '@weir/cdk';

/** The name of a list is its path. */
const lists = [
  'application_stages',
  'applications',
  'applied_candidate_tags',
  'approval_flows',
  'approver_groups',
  'approvers',
  'attachments',
  'candidate_attribute_types',
  'candidate_educations',
  'candidate_employments',
  'candidate_tags',
  'candidates',
  'close_reasons',
  'custom_field_options',
  'custom_fields',
  'demographic_answers',
  'demographic_question_sets',
  'departments',
  'eeoc',
  'email_templates',
  'interviewer_tags',
  'interviewers',
  'interviews',
  'job_hiring_managers',
  'job_interview_stages',
  'job_notes',
  'job_posts',
  'jobs',
  'offers',
  'offices',
  'openings',
  'prospect_pool_stages',
  'prospect_pools',
  'referrers',
  'rejection_details',
  'rejection_reasons',
  'scorecard_questions',
  'scorecards',
  'sources',
  'user_emails',
  'user_job_permissions',
  'user_roles',
  'users',
] as const;

const paging = linkHeader({ param: 'cursor' });

export const greenhouse = defineApi({
  name: 'source-greenhouse-native',
  title: 'Greenhouse',
  config: {},
  auth: [clientCredentials({ tokenUrl: 'https://auth.greenhouse.io/token', sendsClient: 'basic' })],
  start: { daysAgo: 30 },
  base: 'https://harvest.greenhouse.io/v3',
  probe: get('/users', { per_page: 1 }),
  query: { per_page: 500 },
  streams: {
    ...each(lists, (name) =>
      changes({
        path: `/${name}`,
        key: ['/id'],
        cursor: updatedAt('/updated_at', { tick: '1ms', lag: '5m' }),
        between: ({ from, to }) => ({ updated_at: `gte|${from},lte|${to}` }),
        fields: { '/created_at': { type: 'string', format: 'date-time' } },
        paging,
        interval: '5m',
      }),
    ),
    demographic_questions: snapshot({
      path: '/demographic_questions',
      order: { by: '/id' },
      paging,
      interval: '15m',
    }),
  },
});
