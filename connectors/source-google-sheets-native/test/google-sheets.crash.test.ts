import { test } from 'node:test';
import { rawSnapshot } from '@weir/cdk';
import { convergeInTurns } from '@weir/testing/api';
import { googleSheets } from '../src/google-sheets.ts';
import { readRows } from '../src/rows.ts';
import { asCells, changingSheet, config } from './fake-sheets.ts';

test('on a fake of Google Sheets: killed between any two lines, the collection ends equal to the rows of the sheet', async () => {
  const path = '/v4/spreadsheets/abc_DEF-123';
  await convergeInTurns({
    api: googleSheets,
    fake: changingSheet,
    config,
    described: { S: rawSnapshot({ interval: '30s', open: ({ client }) => readRows(client, 'S') }) },
    streams: { S: { lists: [path], rows: (row) => [asCells(row)] } },
    together: 1,
  });
});
