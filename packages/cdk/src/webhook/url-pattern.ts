// Paths that webhooks arrive at: `/orders/{shop}/created`, where a whole segment may be a parameter, or `*` for any path.

import { errors } from '../errors.ts';

type Segment = { readonly literal: string } | { readonly param: string };

export interface UrlPattern {
  readonly text: string;
  /** undefined: any path. */
  readonly segments: readonly Segment[] | undefined;
  /** How many segments are given; of two patterns for one path the one with more of them counts. */
  readonly literals: number;
}

export function urlPattern(text: string): UrlPattern {
  if (text === '*') return { text, segments: undefined, literals: -1 };
  if (!text.startsWith('/')) throw invalid(text, 'it does not begin with /');
  const segments = text
    .split('/')
    .slice(1)
    .map((part) => segmentOf(text, part));
  const names = segments.flatMap((segment) => ('param' in segment ? [segment.param] : []));
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw invalid(text, `it has two parameters {${twice}}`);
  return { text, segments, literals: segments.length - names.length };
}

function segmentOf(text: string, part: string): Segment {
  const [, param] = /^\{([A-Za-z_]\w*)\}$/.exec(part) ?? [];
  if (param !== undefined) return { param };
  if (/[{}?#]/.test(part)) {
    throw invalid(text, `${JSON.stringify(part)} is neither a name nor one parameter in braces`);
  }
  return { literal: part };
}

/** The parameters of a path that fits; undefined for one that does not. */
export function matchPath({ segments }: UrlPattern, path: string): Record<string, string> | undefined {
  if (segments === undefined) return {};
  const parts = path.split('/').slice(1).map(decodedPart);
  if (parts.length !== segments.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, segment] of segments.entries()) {
    const part = parts[index] ?? '';
    if ('param' in segment) {
      if (part === '') return undefined;
      params[segment.param] = part;
    } else if (segment.literal !== part) return undefined;
  }
  return params;
}

/** Whether a path could belong to both, with nothing to say which of them counts. */
export function patternsConflict(left: UrlPattern, right: UrlPattern): boolean {
  if (left.segments === undefined || right.segments === undefined) return left.segments === right.segments;
  if (left.segments.length !== right.segments.length || left.literals !== right.literals) return false;
  return left.segments.every((segment, index) => {
    const other = right.segments?.[index];
    if (other === undefined || 'param' in segment || 'param' in other) return true;
    return segment.literal === other.literal;
  });
}

/** A sender's escapes that mean nothing are taken as they are. */
function decodedPart(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function invalid(text: string, why: string): Error {
  return errors.CDK_WEBHOOK_INVALID({ message: `The path ${JSON.stringify(text)} cannot be used: ${why}.` });
}
