// What an account may lack: plans and products, whose streams are then not there. Zendesk says so in the answer to one request of each.

import type { AnswerRule, HttpClient } from '@weir/cdk';
import { resolvePointer } from '@weir/schema';

interface Product {
  readonly asks: string;
  readonly streams: readonly string[];
  /** The answer where the account lacks it. */
  readonly lacking: Pick<AnswerRule, 'status' | 'text'>;
}

const products: readonly Product[] = [
  {
    asks: '/audit_logs?page[size]=1',
    streams: ['audit_logs', 'account_attributes', 'schedules', 'sla_policies'],
    lacking: { status: 403, text: /do not have access to this page/i },
  },
  {
    asks: '/community/posts?page[size]=1',
    streams: ['posts', 'post_comments', 'post_votes', 'post_comment_votes', 'topics'],
    lacking: { status: 404, text: /page you were looking for doesn.t exist/i },
  },
  {
    asks: '/channels/voice/stats/account_overview',
    streams: ['calls', 'call_legs'],
    lacking: { status: [403, 404] },
  },
];

/** The streams that the account lacks, by their names. */
export async function lackingStreams(
  client: HttpClient,
  signal: AbortSignal,
): Promise<Readonly<Record<string, undefined>>> {
  const lacking = (await hasSideConversations(client, signal)) ? [] : ['side_conversations'];
  for (const { asks, streams, lacking: says } of products) {
    const answers = [{ ...says, means: 'empty' as const }];
    const answer = await client.json({ url: asks, answers }, signal);
    if (answer === null) lacking.push(...streams);
  }
  return Object.fromEntries(lacking.map((name) => [name, undefined]));
}

async function hasSideConversations(client: HttpClient, signal: AbortSignal): Promise<boolean> {
  const answers = [{ status: [403, 404], means: 'empty' }] as const;
  const account = await client.json({ url: '/account/settings', answers }, signal);
  const at = ['settings', 'side_conversations', 'show_in_context_panel'];
  return resolvePointer(account, at) === true;
}
