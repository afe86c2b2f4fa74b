// What is asked for below a row that may be gone since it was listed, or that has no such list. Only the words of a refusal tell
// that from a failure: a path that Jira does not serve for a while is 404 too, and so is a page of an outage. A list that is
// taken for empty is a deletion of all its rows.

const words = [
  String.raw`\b(?:board|sprint|issue|epic|project|screen|tab)\b[^"<]*does not exist`,
  'no project could be found|could not find the sprint|selected filter is not available',
  '(?:custom field|context|project) was not found|project (?:is|has been) archived',
  'board does not support sprints|no columns with a mapped status|next-gen issue|doesn.t support options',
];

export const mayBeGone = {
  // Otherwise refusals are in the language of the user's profile.
  headers: { 'Accept-Language': 'en', 'X-Force-Accept-Language': 'true' },
  answers: [{ status: [400, 404, 422], text: new RegExp(words.join('|'), 'i'), means: 'empty' }],
} as const;
