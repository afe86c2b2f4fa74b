// An API for the bench of the kit for APIs: `/rows?after=N` gives the next page of a list of numbered rows, `/whole?rows=N` all
// of them in one body. Pages are made once and sent again and again, so that the server costs little. Prints its address.

import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

const PAGE = 2000;
/** Ids have the same number of digits everywhere, so that only they differ from page to page. */
const DIGITS = 9;

const rowText = (id: string): string =>
  `{"id":${id},"at":"2024-01-01T00:00:00Z","name":"customer number ${id}","email":"customer${id}@example.com","amount":"12.50","count":7,"tags":["a","b"],"open":true}`;

/** The rows of a page with their ids still to be written, and where. */
const placeholder = '1'.repeat(DIGITS);
const rows = Array.from({ length: PAGE }, () => rowText(placeholder));
const page = Buffer.from(rows.join(','));
const places: number[] = [];
for (let at = page.indexOf(placeholder); at !== -1; at = page.indexOf(placeholder, at + DIGITS)) {
  places.push(at);
}
const perRow = places.length / PAGE;

/** The rows behind `after`, in a buffer of their own. */
function pageAfter(after: number): Buffer {
  const bytes = Buffer.from(page);
  for (let row = 0; row < PAGE; row += 1) {
    const id = String(100_000_000 + after + row + 1);
    for (let place = 0; place < perRow; place += 1)
      bytes.write(id, places[row * perRow + place] ?? 0, 'latin1');
  }
  return bytes;
}

async function whole(total: number, response: ServerResponse): Promise<void> {
  response.write('{"data":[');
  for (let after = 0; after < total; after += PAGE) {
    const isWelcome = response.write(pageAfter(after));
    const isLast = after + PAGE >= total;
    response.write(isLast ? '],"next":null}' : ',');
    if (!isWelcome) await new Promise<void>((resolve) => response.once('drain', () => resolve()));
  }
  response.end();
}

const server = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
  const total = Number(searchParams.get('rows'));
  response.setHeader('content-type', 'application/json');
  if (pathname === '/whole') return void whole(total, response);
  const after = Number(searchParams.get('after') ?? 0);
  const next = after + PAGE < total ? `"/rows?rows=${total}&after=${after + PAGE}"` : 'null';
  const end = Buffer.from(`],"next":${next}}`);
  response.end(Buffer.concat([Buffer.from('{"data":['), pageAfter(after), end]));
});
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`http://127.0.0.1:${(server.address() as AddressInfo).port}\n`);
});
