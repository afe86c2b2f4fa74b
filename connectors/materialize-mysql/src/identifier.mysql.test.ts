import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Endpoint } from './endpoint.ts';
import { quoteLiteral } from './identifier.ts';
import { reservedWords } from './reserved-words.ts';
import { onBothServers, Sink } from '../test/sink.ts';

onBothServers((server, flavour) => {
  test('every word that the server reserves is quoted', async () => {
    await using sink = await Sink.create(server());
    const condition = flavour === 'mysql' ? 'WHERE reserved = 1' : '';
    const rows = await sink.query(`SELECT LOWER(word) AS word FROM information_schema.KEYWORDS ${condition}`);
    const connection = await server().connect(sink.database);
    for (const word of rows.map((row) => String(row['word'])).filter((found) => /^[a-z]\w*$/.test(found))) {
      const taken = await connection.query(`CREATE TEMPORARY TABLE words (${word} int)`).then(
        () => true,
        () => false,
      );
      if (taken) await connection.query('DROP TEMPORARY TABLE words');
      else assert.ok(reservedWords.has(word), word);
    }
    connection.destroy();
  });

  test('any text is a text', async () => {
    await using sink = await Sink.create(server());
    await using endpoint = await Endpoint.open(sink.config, sink.log);
    await using session = await endpoint.session();
    for (const text of [
      'a',
      'select',
      '`',
      '``; --',
      "'",
      '\\',
      "\\'",
      '\n',
      '"',
      'é',
      '%s',
      '?',
      '\u001a',
    ]) {
      const [row] = await session.rows(`SELECT ${quoteLiteral(text)} AS found`, 'testing');
      assert.equal(row?.['found'], text);
    }
  });
});
