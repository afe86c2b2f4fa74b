import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SchemaNode } from '@weir/schema/config';
import { fillForm } from './config-form.ts';
import { assertPlaces } from './form-places.ts';
import { GivenAnswers } from './given-answers.ts';
import type { Asker, Question } from './question.ts';
import { tablesOf } from './starter.ts';

const schema: SchemaNode = {
  type: 'object',
  required: ['address', 'port', 'loud', 'credentials'],
  properties: {
    loud: { type: 'boolean', title: 'Loud', default: false, order: 3 },
    address: { type: 'string', title: 'Address', description: 'Where it is.', order: 0, minLength: 1 },
    port: { type: 'integer', title: 'Port', default: 5432, order: 1 },
    zone: { type: 'string', title: 'Zone', enum: ['a', 'b'], order: 2 },
    credentials: {
      type: 'object',
      title: 'Credentials',
      order: 4,
      default: { kind: 'password' },
      discriminator: { propertyName: 'kind' },
      oneOf: [
        {
          type: 'object',
          required: ['password'],
          properties: {
            kind: { type: 'string', const: 'password' },
            password: { type: 'string', title: 'Password', secret: true },
          },
        },
        {
          type: 'object',
          required: ['role'],
          properties: {
            kind: { type: 'string', const: 'role' },
            role: { type: 'string', title: 'Role', pattern: '^arn:' },
          },
        },
      ],
    },
    advanced: {
      type: 'object',
      title: 'Advanced',
      advanced: true,
      properties: { tables: { type: 'array', title: 'Tables', items: { type: 'string' } } },
    },
  },
};

class Scripted implements Asker {
  readonly asked: Question[] = [];
  readonly #answers: Readonly<Record<string, string>>;

  constructor(answers: Readonly<Record<string, string>>) {
    this.#answers = answers;
  }

  async ask(question: Question): Promise<string> {
    this.asked.push(question);
    return this.#answers[question.title] ?? question.default ?? '';
  }

  say(): void {}
}

const set = (...answers: string[]) => GivenAnswers.of(answers, [], {});

test('properties are asked for in their order; defaults are offered, and what is left empty is left out', async () => {
  const asker = new Scripted({ Address: 'db:1', Password: 's3cret' });
  const { config, remarks } = await fillForm(schema, '/from', {
    given: set(),
    asker,
    isThorough: false,
    earlier: new Map(),
  });
  assert.deepEqual(config, {
    address: 'db:1',
    port: 5432,
    loud: false,
    credentials: { kind: 'password', password: 's3cret' },
  });
  assert.deepEqual(
    asker.asked.map(({ title, default: preset, isSecret }) => [title, preset, isSecret]),
    [
      ['Address', undefined, false],
      ['Port', '5432', false],
      ['Zone', undefined, false],
      ['Loud', 'no', false],
      ['Credentials', 'password', false],
      ['Password', undefined, true],
    ],
  );
  assert.deepEqual([...remarks], [['/address', 'Where it is.']]);
});

test('another variant asks for its own properties, and groups that may be left out only when it is thorough', async () => {
  const answers = {
    Address: 'db',
    Credentials: 'role',
    Role: 'arn:x',
    'Advanced: fill in this group?': 'yes',
  };
  const asker = new Scripted({ ...answers, Tables: '["a","b"]' });
  const { config } = await fillForm(schema, '/from', {
    given: set(),
    asker,
    isThorough: true,
    earlier: new Map(),
  });
  assert.deepEqual(config['credentials'], { kind: 'role', role: 'arn:x' });
  assert.deepEqual(config['advanced'], { tables: ['a', 'b'] });
  const role = asker.asked.find(({ title }) => title === 'Role');
  assert.match(role?.problemOf('x') ?? '', /pattern/);
});

test('a second attempt offers what was answered and what was given, and takes other answers', async () => {
  const earlier = new Map<string, string>();
  const given = set('/from/address=db:1', '/from/advanced/tables=["a"]');
  const first = new Scripted({ Port: '6000', Password: 'wrong' });
  await fillForm(schema, '/from', { given, asker: first, isThorough: false, earlier });
  assert.ok(!first.asked.some(({ title }) => title === 'Address'));
  const second = new Scripted({ Address: 'other:2', Password: 'right' });
  const { config } = await fillForm(schema, '/from', { given, asker: second, isThorough: false, earlier });
  assert.deepEqual(config, {
    address: 'other:2',
    port: 6000,
    loud: false,
    credentials: { kind: 'password', password: 'right' },
    advanced: { tables: ['a'] },
  });
  const offered = second.asked.map(({ title, default: preset }) => [title, preset]);
  assert.deepEqual(offered.slice(0, 2), [
    ['Address', 'db:1'],
    ['Port', '6000'],
  ]);
  given.assertAllTaken();
});

test('without anybody to ask, answers that were given do, also in groups, and all that is missing is told at once', async () => {
  const given = set(
    '/from/address=db',
    '/from/loud=yes',
    '/from/credentials/password=a=b',
    '/from/advanced/tables=["t"]',
  );
  const { config } = await fillForm(schema, '/from', {
    given,
    asker: undefined,
    isThorough: false,
    earlier: new Map(),
  });
  given.assertAllTaken();
  assert.deepEqual(config, {
    address: 'db',
    port: 5432,
    loud: true,
    credentials: { kind: 'password', password: 'a=b' },
    advanced: { tables: ['t'] },
  });
  await assert.rejects(
    fillForm(schema, '/to', { given: set(), asker: undefined, isThorough: false, earlier: new Map() }),
    {
      code: 'INIT_ANSWER_MISSING',
      message: /- \/to\/address \(Address\)\n- \/to\/credentials\/password \(Password\)$/,
    },
  );
});

test('answers that no form has, or that do not fit, are refused without their value', async () => {
  const form = (given: GivenAnswers) =>
    fillForm(schema, '/from', { given, asker: undefined, isThorough: false, earlier: new Map() });
  const misspelled = set(
    '/from/adress=s3cret',
    '/from/credentials/pasword=s3cret',
    '/from/zone/a=s3cret',
    '/to/x=1',
  );
  assert.throws(() => assertPlaces(schema, '/from', misspelled), {
    code: 'INIT_ANSWER_INVALID',
    message:
      'The form has no /from/adress. Did you mean "/from/address"?\n' +
      'The form has no /from/credentials/pasword. Did you mean "/from/credentials/password"?\n' +
      'The form has no /from/zone/a. Did you mean "/from/zone"?',
  });
  const otherVariant = set(
    '/from/address=db',
    '/from/credentials/password=x',
    '/from/credentials/role=s3cret',
  );
  assertPlaces(schema, '/from', otherVariant);
  await form(otherVariant);
  assert.throws(() => otherVariant.assertAllTaken(), {
    message:
      '/from/credentials/role is an answer of something else than /from/credentials/kind=password, which was chosen.',
  });
  await assert.rejects(form(set('/from/address=db', '/from/credentials/role=s3cret')), {
    code: 'INIT_ANSWER_MISSING',
    message:
      /- \/from\/credentials\/password \(Password\)\n\/from\/credentials\/role is an answer of something else/,
  });
  for (const answer of [
    '/from/port=s3cret',
    '/from/loud=s3cret',
    '/from/zone=s3cret',
    '/from/advanced/tables=s3cret',
  ]) {
    await assert.rejects(form(set(answer)), (error: Error) => {
      assert.doesNotMatch(error.message, /s3cret/);
      return 'code' in error && error.code === 'INIT_ANSWER_INVALID';
    });
  }
  assert.throws(
    () => set('s3cret'),
    (error: Error) => !error.message.includes('s3cret'),
  );
});

test('a list is answered as a whole or item by item, with choices and lists inside of its items', async () => {
  const stores: SchemaNode = {
    type: 'object',
    required: ['stores'],
    properties: {
      stores: {
        type: 'array',
        title: 'Stores',
        description: 'Each of them.',
        items: {
          type: 'object',
          required: ['name', 'credentials'],
          properties: {
            name: { type: 'string', title: 'Name', description: 'Of the store.' },
            rows: { type: 'integer', title: 'Rows', default: 10 },
            credentials: schema.properties?.['credentials'] ?? {},
            tags: { type: 'array', items: { type: 'string' } },
          },
        },
      },
    },
  };
  const fill = async (given: GivenAnswers) => {
    assertPlaces(stores, '/from', given);
    const filled = await fillForm(stores, '/from', {
      given,
      asker: undefined,
      isThorough: false,
      earlier: new Map(),
    });
    given.assertAllTaken();
    return filled;
  };
  const given = GivenAnswers.of(
    [
      '/from/stores/0/name=a',
      '/from/stores/1/name=b',
      '/from/stores/1/credentials/kind=role',
      '/from/stores/1/credentials/role=arn:x',
      '/from/stores/0/tags/0=t',
    ],
    ['/from/stores/0/credentials/password=PASSWORD'],
    { PASSWORD: 's3cret' },
  );
  const { config, remarks } = await fill(given);
  assert.deepEqual(config, {
    stores: [
      { name: 'a', credentials: { kind: 'password', password: 's3cret' }, tags: ['t'] },
      { name: 'b', credentials: { kind: 'role', role: 'arn:x' } },
    ],
  });
  assert.deepEqual(remarks.get('/stores'), 'Each of them.');
  const whole = [{ name: 'a', credentials: { kind: 'role', role: 'arn:y' } }];
  assert.deepEqual((await fill(set(`/from/stores=${JSON.stringify(whole)}`))).config, { stores: whole });

  const refused = async (code: string, message: RegExp, ...answers: string[]) =>
    await assert.rejects(fill(set(...answers)), { code, message });
  const invalid = 'INIT_ANSWER_INVALID';
  await refused(
    invalid,
    /no \/from\/stores\/0\/nme\. Did you mean "\/from\/stores\/0\/name"/,
    '/from/stores/0/nme=a',
  );
  await refused(invalid, /no \/from\/stores\/first\/name/, '/from/stores/first/name=a');
  await refused(invalid, /no \/from\/stores\/00\/name/, '/from/stores/00/name=a');
  await refused(invalid, /number 0 has no answer/, '/from/stores/1/name=a');
  await refused(invalid, /one of the two/, '/from/stores=[]', '/from/stores/0/name=a');
  await refused(
    'INIT_ANSWER_MISSING',
    /- \/from\/stores\/0\/credentials\/password \(Password\)$/,
    '/from/stores/0/name=a',
  );
});

test('secrets may come from the environment', () => {
  const given = GivenAnswers.of([], ['/to/password=PASSWORD'], { PASSWORD: 's3cret' });
  assert.equal(given.take('/to/password'), 's3cret');
  assert.throws(() => GivenAnswers.of([], ['/to/password=ABSENT'], {}), { code: 'INIT_ANSWER_INVALID' });
});

test('a table has the last name of its collection, and more of it when another has that', () => {
  const resource: SchemaNode = {
    properties: { name: { type: 'string', 'x-collection-name': true } as SchemaNode },
  };
  assert.deepEqual(tablesOf(['acme/public/users', 'acme/crm/users', 'acme/public/orders'], resource), [
    { source: 'acme/public/users', resource: { name: 'public_users' } },
    { source: 'acme/crm/users', resource: { name: 'crm_users' } },
    { source: 'acme/public/orders', resource: { name: 'orders' } },
  ]);
});
