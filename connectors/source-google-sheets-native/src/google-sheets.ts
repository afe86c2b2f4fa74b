// Google Sheets, version 4. Each sheet of a spreadsheet is a stream, whose rows are read whole.

import { authorizationCode, bearer, defineApi, each, googleServiceAccount, rawSnapshot } from '@weir/cdk';
import { text } from '@weir/schema';
import { readRows } from './rows.ts';
import { sheetsOf } from './sheets.ts';

const scopes = [
  'https://www.googleapis.com/auth/spreadsheets.readonly',
  'https://www.googleapis.com/auth/drive.readonly',
];

export const googleSheets = defineApi({
  name: 'source-google-sheets-native',
  title: 'Google Sheets',
  config: {
    spreadsheet_url: text({
      title: 'Spreadsheet URL',
      description: 'The address of the spreadsheet, as the browser shows it.',
      pattern: '^https://docs.google.com/spreadsheets/d/[A-Za-z0-9_-]+',
      order: 10,
    }),
  },
  auth: [
    authorizationCode({
      provider: 'google',
      authUrl: 'https://accounts.google.com/o/oauth2/auth',
      tokenUrl: 'https://oauth2.googleapis.com/token',
      scope: scopes.join(' '),
      authParameters: { access_type: 'offline', prompt: 'consent' },
      tokens: 'refresh',
    }),
    googleServiceAccount({ scopes }),
    bearer(),
  ],
  base: ({ spreadsheet_url: url }) =>
    `https://sheets.googleapis.com/v4/spreadsheets/${/\/d\/([A-Za-z0-9_-]+)/.exec(url)?.[1] ?? '{id}'}`,
  // A quota of requests a minute is told as 429, and now and then as 403.
  answers: [{ status: 403, text: /RATE_LIMIT_EXCEEDED|rateLimitExceeded/, means: 'throttled' }],
  probe: { url: '', query: { fields: 'spreadsheetId' } },
  streams: {},
  describe: async (context, signal) => {
    const titles = (await sheetsOf(context, signal)).map(({ title }) => title);
    return each(titles, (title) =>
      rawSnapshot({ interval: '30s', open: ({ client }) => readRows(client, title) }),
    );
  },
});
