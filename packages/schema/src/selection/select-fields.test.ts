import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import type {
  ConstraintType,
  FieldSelection,
  InferenceType,
  Projection,
  ProjectionConstraint,
} from '@weir/protocol';

import {
  type FieldOutcome,
  REJECT_RANKS,
  type RejectReason,
  SELECT_RANKS,
  selectFields,
  type SelectionInputs,
  type SelectionResult,
  type SelectReason,
} from './index.ts';

function projection(field: string, rest: Partial<Projection> & { types?: InferenceType[] } = {}): Projection {
  const { types = ['string'], ...overrides } = rest;
  const inference = { types, title: '', description: '', secret: false, exists: 'MAY', enum: [] } as const;
  return {
    ptr: `/${field}`,
    field,
    explicit: false,
    isPartitionKey: false,
    isPrimaryKey: false,
    inference,
    ...overrides,
  };
}

const constraint = (
  field: string,
  type: ConstraintType = 'FIELD_OPTIONAL',
  foldedField = '',
): ProjectionConstraint => ({
  field,
  constraint: { type, reason: type === 'FIELD_OPTIONAL' ? '' : `a reason for ${field}`, foldedField },
});

const DOCUMENT = projection('flow_document', { ptr: '', types: ['object'] });
const PUBLISHED = projection('flow_published_at', { ptr: '/_meta/uuid' });

/** A selection over a key, the document and some more fields, every one optional unless a constraint says otherwise. */
function select(
  projections: readonly Projection[],
  rest: Partial<SelectionInputs> & { extra?: readonly ProjectionConstraint[]; omit?: readonly string[] } = {},
): SelectionResult {
  const { extra = [], omit = [], ...inputs } = rest;
  const all = [projection('id', { types: ['integer'], isPrimaryKey: true }), DOCUMENT, ...projections];
  const special = new Set([...extra.map(({ field }) => field), ...omit]);
  return selectFields({
    projections: all,
    constraints: [...all.flatMap(({ field }) => (special.has(field) ? [] : constraint(field))), ...extra],
    groupBy: [],
    collectionKey: ['/id'],
    model: { recommended: false },
    ...inputs,
  });
}

const live = (values: readonly string[], document = ''): FieldSelection => ({
  keys: ['id'],
  values,
  document,
  fieldConfig: {},
});

function outcomeOf(result: SelectionResult, field: string): FieldOutcome | undefined {
  return result.fields.find((each) => each.field === field);
}

/** For each reason, what makes the field `f` selected for it, and no stronger one. */
const SELECTING: Readonly<
  Record<SelectReason, Parameters<typeof select>[1] & { projection?: Partial<Projection> }>
> = {
  DesiredDepth: { model: { recommended: 1 } },
  CoreMetadata: { model: { recommended: 1 } },
  ConnectorRequiresLocation: { extra: [constraint('f', 'LOCATION_REQUIRED')] },
  UserDefined: { projection: { explicit: true } },
  CurrentValue: { live: live(['f']) },
  PartitionKey: { projection: { isPartitionKey: true } },
  ConnectorRequires: { extra: [constraint('f', 'FIELD_REQUIRED')] },
  UserRequires: { model: { recommended: false, require: { f: '{}' } } },
  CurrentDocument: { live: live([], 'f') },
  GroupByKey: { groupBy: ['f'] },
};

/** For each reason against a field, what adds it to `f` (or `_meta/op`, in whose place `field` stands). */
function withReject(
  reject: RejectReason,
  inputs: NonNullable<Parameters<typeof select>[1]>,
  field: string,
): typeof inputs {
  const extra = inputs.extra ?? [];
  const withConstraint = (type: ConstraintType): typeof inputs => ({
    ...inputs,
    extra: [...extra, constraint(field, type)],
    live: inputs.live ?? live([]),
  });
  switch (reject) {
    case 'ConnectorIncompatible':
      return withConstraint('INCOMPATIBLE');
    case 'ConnectorForbids':
      return withConstraint('FIELD_FORBIDDEN');
    case 'UserExcludes':
      return { ...inputs, model: { ...inputs.model, exclude: [field] } };
    case 'ConnectorOmits':
      return { ...inputs, omit: [field] };
    case 'DuplicateFold':
      return {
        ...inputs,
        extra: [...extra, constraint(field, 'FIELD_OPTIONAL', 'id')],
        groupBy: ['id', ...(inputs.groupBy ?? [])],
      };
    default:
      return inputs;
  }
}

const YIELDING: readonly SelectReason[] = [
  'DesiredDepth',
  'CoreMetadata',
  'UserDefined',
  'CurrentValue',
  'PartitionKey',
];

describe('every reason for a field meets every reason against it', () => {
  for (const reason of SELECT_RANKS) {
    for (const reject of [
      'DuplicateFold',
      'ConnectorOmits',
      'ConnectorIncompatible',
      'ConnectorForbids',
      'UserExcludes',
    ] as const) {
      // A field the connector says nothing about cannot also be required by it.
      if (reject === 'ConnectorOmits' && reason.startsWith('ConnectorRequires')) continue;
      const ending =
        reject === 'ConnectorIncompatible'
          ? 'is selected, pending a backfill'
          : YIELDING.includes(reason)
            ? 'is left out'
            : 'is a conflict';
      test(`${reason} and ${reject} ${ending}`, () => {
        const { projection: overrides, ...inputs } = SELECTING[reason];
        const field = reason === 'CoreMetadata' ? '_meta/op' : 'f';
        const result = select([projection(field, overrides)], withReject(reject, inputs, field));
        const outcome = outcomeOf(result, field);
        assert.equal(outcome?.select, reason);
        assert.equal(outcome.reject, reject);
        const conflict = result.conflicts.find((each) => each.field === field);
        if (ending === 'is left out') {
          assert.equal(conflict, undefined);
          assert.equal(outcome.selected, false);
          assert.equal(result.outcome, 'ok');
        } else {
          assert.match(conflict?.message ?? '', new RegExp(`^the field '${field}' .*, but `));
          assert.equal(outcome.selected, reject === 'ConnectorIncompatible');
          assert.equal(result.outcome, reject === 'ConnectorIncompatible' ? 'incompatible' : 'conflict');
        }
      });
    }
  }
});

describe('the stronger reason counts', () => {
  test('for a field, in the order of the ranks', () => {
    const field = projection('f', { explicit: true, isPartitionKey: true });
    const steps: [SelectReason, Parameters<typeof select>[1]][] = [
      ['PartitionKey', { model: { recommended: 1 }, live: live(['f']) }],
      [
        'ConnectorRequires',
        { extra: [constraint('f', 'FIELD_REQUIRED'), constraint('f', 'LOCATION_REQUIRED')] },
      ],
      ['UserRequires', { extra: [constraint('f', 'FIELD_REQUIRED')], model: { require: { f: '1' } } }],
      ['CurrentDocument', { model: { require: { f: '1' } }, live: live([], 'f') }],
      ['GroupByKey', { model: { require: { f: '1' } }, live: live([], 'f'), groupBy: ['f'] }],
    ];
    for (const [reason, inputs] of steps)
      assert.equal(outcomeOf(select([field], inputs), 'f')?.select, reason);
    const ranked = (
      [
        ['explicit', 'UserDefined'],
        ['isPartitionKey', 'PartitionKey'],
      ] as const
    ).map(([flag, reason]) => {
      const result = select([projection('f', { [flag]: true })], {
        model: { recommended: true },
        extra: [constraint('f', 'LOCATION_REQUIRED')],
      });
      assert.equal(outcomeOf(result, 'f')?.select, reason);
      return SELECT_RANKS.indexOf(reason);
    });
    assert.deepEqual(ranked, [3, 5]);
  });

  test('against a field, in the order of the ranks', () => {
    const extra = [constraint('f', 'INCOMPATIBLE'), constraint('f', 'FIELD_FORBIDDEN')];
    const rejectOf = (inputs: Parameters<typeof select>[1]): RejectReason | undefined =>
      outcomeOf(select([projection('f')], { live: live([]), ...inputs }), 'f')?.reject;
    assert.equal(rejectOf({}), 'NotSelected');
    assert.equal(rejectOf({ omit: ['f'] }), 'ConnectorOmits');
    assert.equal(rejectOf({ extra: extra.slice(0, 1) }), 'ConnectorIncompatible');
    assert.equal(rejectOf({ extra }), 'ConnectorForbids');
    assert.equal(rejectOf({ extra, model: { exclude: ['f'] } }), 'UserExcludes');
    const missing = selectFields({
      projections: [],
      constraints: [],
      groupBy: ['ghost'],
      collectionKey: [],
      model: {},
    });
    assert.deepEqual(
      missing.conflicts.map(({ select: why, reject }) => [why, reject]),
      [['GroupByKey', 'CollectionOmits']],
    );
    assert.equal(REJECT_RANKS.length, 10);
  });
});

describe('locations', () => {
  test('a location that is selected already is not selected again by weaker reasons', () => {
    const alias = projection('alias', { ptr: '/id' });
    for (const inputs of [
      { model: { recommended: true } },
      { extra: [constraint('alias', 'LOCATION_REQUIRED')] },
    ] as const) {
      const result = select([alias], inputs);
      assert.deepEqual(outcomeOf(result, 'alias'), {
        field: 'alias',
        selected: false,
        select: undefined,
        reject: 'DuplicateLocation',
      });
      assert.equal(result.outcome, 'ok');
    }
    assert.deepEqual(select([{ ...alias, explicit: true }]).selection.values, ['alias']);
    const twice = select([PUBLISHED, projection('published', { ptr: '/_meta/uuid', explicit: true })], {
      model: { recommended: 1 },
    });
    assert.deepEqual(twice.selection.values, ['published']);
  });

  test('a field inside a selected object is covered, unless something stronger asks for it', () => {
    const object = projection('o', { types: ['object'] });
    const inside = projection('o/p');
    const covered = select([object, inside], { model: { recommended: 2, require: { o: '{}' } } });
    assert.equal(outcomeOf(covered, 'o/p')?.reject, 'CoveredLocation');
    assert.deepEqual(covered.selection.values, ['o']);
    const wanted = select([object, inside], {
      model: { recommended: false, require: { o: '{}', 'o/p': '{}' } },
    });
    assert.deepEqual(wanted.selection.values, ['o', 'o/p']);
  });

  test('a field inside an excluded object is excluded with it', () => {
    const result = select([projection('o', { types: ['object'] }), projection('o/p'), projection('op')], {
      model: { recommended: 2, exclude: ['o'] },
    });
    assert.equal(outcomeOf(result, 'o/p')?.reject, 'ExcludedParent');
    assert.deepEqual(result.selection.values, ['op']);
  });

  test('the root document neither covers nor excludes the fields inside it', () => {
    const required = select([projection('a')], {
      model: { recommended: 1 },
      extra: [constraint('flow_document', 'LOCATION_REQUIRED')],
    });
    assert.deepEqual(required.selection, {
      keys: ['id'],
      values: ['a'],
      document: 'flow_document',
      fieldConfig: {},
    });
    const excluded = select([projection('a')], { model: { recommended: 1, exclude: ['flow_document'] } });
    assert.deepEqual(excluded.selection.values, ['a']);
    assert.equal(excluded.selection.document, '');
  });
});

describe('recommended depth', () => {
  const nested = [
    projection('a', { types: ['object'] }),
    projection('a/b', { types: ['null', 'object'] }),
    projection('a/b/c'),
    projection('any', { types: ['object'] }),
    projection('list', { types: ['array'] }),
    projection('mixed', { types: ['object', 'string'] }),
    projection('_meta', { types: ['object'] }),
    projection('_meta/op'),
    projection('_meta/source', { types: ['object'] }),
    PUBLISHED,
  ];
  const values = (recommended: boolean | number | undefined): readonly string[] =>
    select(nested, { model: recommended === undefined ? {} : { recommended } }).selection.values;

  test('selects top-level fields at 1, with core metadata', () => {
    assert.deepEqual(values(1), ['_meta/op', 'a', 'any', 'flow_published_at', 'list', 'mixed']);
  });

  test('replaces objects by what is inside them as it grows', () => {
    assert.deepEqual(values(2), ['_meta/op', 'a/b', 'any', 'flow_published_at', 'list', 'mixed']);
    assert.deepEqual(values(3), ['_meta/op', 'a/b/c', 'any', 'flow_published_at', 'list', 'mixed']);
  });

  test('selects everything but objects without a limit, which is the default', () => {
    assert.deepEqual(values(true), ['_meta/op', 'a/b/c', 'flow_published_at', 'list', 'mixed']);
    assert.deepEqual(values(undefined), values(true));
  });

  test('selects no values at 0', () => {
    assert.deepEqual(values(false), []);
    assert.deepEqual(values(0), []);
  });
});

describe('the selection', () => {
  test('has its keys in the order of grouping, its values sorted and the configuration of required fields', () => {
    const result = select([projection('z'), projection('y'), projection('k')], {
      groupBy: ['k', 'id'],
      model: { recommended: false, require: { z: '{"x":1}', y: '{}' } },
    });
    assert.deepEqual(result.selection, {
      keys: ['k', 'id'],
      values: ['y', 'z'],
      document: 'flow_document',
      fieldConfig: { z: '{"x":1}', y: '{}' },
    });
  });

  test('groups by the canonical fields of the collection key, with their escapes', () => {
    const result = selectFields({
      projections: [projection('a~1b/c', { ptr: '/a~1b/c' })],
      constraints: [constraint('a~1b/c')],
      groupBy: [],
      collectionKey: ['/a~1b/c'],
      model: {},
    });
    assert.deepEqual(result.selection.keys, ['a~1b/c']);
  });

  test('keeps the document that is materialized now over another projection of the root', () => {
    const custom = projection('whole', { ptr: '', types: ['object'] });
    const extra = [
      constraint('flow_document', 'LOCATION_REQUIRED'),
      constraint('whole', 'LOCATION_REQUIRED'),
    ];
    assert.equal(select([custom], { extra, live: live([], 'whole') }).selection.document, 'whole');
    assert.equal(select([custom], { extra }).selection.document, 'flow_document');
  });

  test('folds names that the endpoint does not tell apart', () => {
    const pair = [projection('Name'), projection('name')];
    assert.deepEqual(select(pair, { model: { recommended: 1 } }).selection.values, ['Name', 'name']);
    assert.deepEqual(
      select(pair, { model: { recommended: 1 }, caseInsensitiveFields: true }).selection.values,
      ['Name'],
    );
  });

  test('ignores incompatible constraints without a live selection', () => {
    const result = select([projection('f')], {
      model: { recommended: 1 },
      extra: [constraint('f', 'INCOMPATIBLE')],
    });
    assert.equal(result.outcome, 'ok');
    assert.deepEqual(result.selection.values, ['f']);
  });

  test("conflicts carry the connector's reason, and one that cannot be solved by a backfill decides", () => {
    const result = select([projection('f'), projection('g')], {
      live: live(['f']),
      model: { recommended: false, require: { g: '{}' } },
      extra: [constraint('f', 'INCOMPATIBLE'), constraint('g', 'FIELD_FORBIDDEN')],
    });
    assert.equal(result.outcome, 'conflict');
    assert.deepEqual(
      result.conflicts.map(({ message }) => message),
      [
        "the field 'g' is listed under `fields.require`, but is forbidden by the connector (a reason for g)",
        "the field 'f' is materialized now, but is incompatible with what the endpoint holds now; it needs a backfill (a reason for f)",
      ],
    );
  });
});
