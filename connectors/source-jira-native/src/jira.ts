// Jira Cloud: the platform's API, version 3, that of boards, and that of the service desk. Issues have a filter by the time of
// their last update; nearly everything else is read whole.

import { atOnce, basic, defineApi, get, type StreamDefinition } from '@weir/cdk';
import { optional, text } from '@weir/schema';
import { optionalSection } from '@weir/schema/config';
import { assertProjects, unreachableStreams, zoneOfUser } from './account.ts';
import { gatheredStreams } from './gathered.ts';
import { issueStreams } from './issues.ts';
import { listStreams } from './lists.ts';

export const jira = defineApi({
  name: 'source-jira-native',
  title: 'Jira',
  config: {
    domain: text({
      title: 'Domain',
      description: 'Where your Jira is, without https://, such as acme.atlassian.net.',
      pattern: '^([a-z0-9]+(-[a-z0-9]+)*\\.)+[a-z]{2,}(:\\d{1,5})?$',
      order: 10,
    }),
    advanced: optionalSection(
      { title: 'Advanced Config', description: 'Options that most captures do not need.', advanced: true },
      {
        projects: optional(
          text({
            title: 'Projects',
            description:
              'Ids or keys of projects, separated by commas, if the issues of these alone are wanted. Everything that the user may see if it is empty.',
            pattern: '^([a-zA-Z0-9_]+(,[a-zA-Z0-9_]+)*)?$',
          }),
        ),
      },
    ),
  },
  auth: [
    basic({
      title: 'Email & API Token',
      user: { title: 'Email', description: 'The address that the user signs in with.' },
      password: { title: 'API Token', description: 'A token of that user, and not the password.' },
    }),
  ],
  start: { daysAgo: 30 },
  base: ({ domain }) => `https://${domain}/rest`,
  probe: get('/api/3/myself'),
  limits: [atOnce(10)],
  streams: { ...issueStreams({ projects: [] }), ...gatheredStreams, ...listStreams },
  describe: async (context, signal, { advanced }) => {
    const projects = advanced.projects?.split(',').filter((project) => project !== '') ?? [];
    const zone = await zoneOfUser(context, signal);
    await assertProjects(context, projects, signal);
    const streams: Record<string, StreamDefinition | undefined> = issueStreams({ zone, projects });
    for (const name of await unreachableStreams(context, signal)) streams[name] = undefined;
    return streams;
  },
});
