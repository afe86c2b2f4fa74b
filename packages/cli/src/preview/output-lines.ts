// What a preview prints: NDJSON lines that tests of connectors compare, so their form is fixed.
//   ["collection", {document}]
//   ["connectorState", {"updated": …, "mergePatch": …}]
//   ["applied.actionDescription", "…"]

import type { ConnectorState, JsonText } from '@weir/protocol';

export function documentLine(collection: string, document: string): string {
  return `[${JSON.stringify(collection)},${document}]\n`;
}

export function stateLine(state: ConnectorState): string {
  return `["connectorState",{"updated":${state.updated},"mergePatch":${state.mergePatch}}]\n`;
}

/** The last line of a preview: the whole state, as it would be opened with next. */
export function finalStateLine(state: JsonText): string {
  return `["connectorState",{"updated":${state}}]\n`;
}

export function appliedLine(actionDescription: string): string {
  return `["applied.actionDescription",${JSON.stringify(actionDescription)}]\n`;
}
