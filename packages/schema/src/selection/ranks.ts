// Why a field is wanted and why it is refused, weakest reason first. For each field the strongest of either kind counts.

export const SELECT_RANKS = [
  'DesiredDepth',
  'CoreMetadata',
  'ConnectorRequiresLocation',
  'UserDefined',
  'CurrentValue',
  'PartitionKey',
  'ConnectorRequires',
  'UserRequires',
  'CurrentDocument',
  'GroupByKey',
] as const;

export type SelectReason = (typeof SELECT_RANKS)[number];

export const REJECT_RANKS = [
  'NotSelected',
  'CoveredLocation',
  'ExcludedParent',
  'DuplicateLocation',
  'DuplicateFold',
  'ConnectorOmits',
  'CollectionOmits',
  'ConnectorIncompatible',
  'ConnectorForbids',
  'UserExcludes',
] as const;

export type RejectReason = (typeof REJECT_RANKS)[number];

/** Reads on from "the field 'x'". */
export const SELECT_SENTENCES: Readonly<Record<SelectReason, string>> = {
  DesiredDepth: 'is within the recommended depth',
  CoreMetadata: 'is core metadata of the document',
  ConnectorRequiresLocation: 'is at a location that the connector requires',
  UserDefined: 'is a projection that the collection defines',
  CurrentValue: 'is materialized now',
  PartitionKey: 'is a logical partition of the collection',
  ConnectorRequires: 'is required by the connector',
  UserRequires: 'is listed under `fields.require`',
  CurrentDocument: 'is the document that is materialized now',
  GroupByKey: 'is a key that documents are grouped by',
};

/** Reads on from "the field 'x'". */
export const REJECT_SENTENCES: Readonly<Record<RejectReason, string>> = {
  NotSelected: 'is not asked for',
  CoveredLocation: 'is part of another field that is materialized',
  ExcludedParent: 'is part of a field that is excluded',
  DuplicateLocation: 'has the same location as another field that is materialized',
  DuplicateFold: 'has the same name in the endpoint as another field that is materialized',
  ConnectorOmits: 'is not supported by the connector, which said nothing about it',
  CollectionOmits: 'does not exist in the collection',
  ConnectorIncompatible: 'is incompatible with what the endpoint holds now; it needs a backfill',
  ConnectorForbids: 'is forbidden by the connector',
  UserExcludes: 'is listed under `fields.exclude`',
};

export function strongerSelect(left: SelectReason | undefined, right: SelectReason): SelectReason {
  return selectRank(left) < selectRank(right) ? right : (left ?? right);
}

/** From 0; -1 for a field that nothing selects. */
export function selectRank(reason: SelectReason | undefined): number {
  return reason === undefined ? -1 : SELECT_RANKS.indexOf(reason);
}

export function strongerReject(left: RejectReason | undefined, right: RejectReason): RejectReason {
  if (left === undefined) return right;
  return REJECT_RANKS.indexOf(left) < REJECT_RANKS.indexOf(right) ? right : left;
}
