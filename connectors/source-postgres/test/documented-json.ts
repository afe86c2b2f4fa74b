// The type map of the README once more, in the server's own SQL: what it casts, formats and quotes, with none of the
// connector's code. Each function takes an SQL expression that is not null and gives an expression of the JSON's text.
// The session must have DateStyle ISO, IntervalStyle postgres and the time zone of the capture.

export type JsonSql = (value: string) => string;

/** As the server prints it in a JSON document. */
export const asJson: JsonSql = (v) => `to_json(${v})::text`;
/** As the server prints it alone, in quotes. */
export const asText: JsonSql = (v) => `to_json((${v})::text)::text`;
/** Bare: for ids, which the server would quote. */
export const asNumber: JsonSql = (v) => `(${v})::text`;
export const asBase64: JsonSql = (v) => `'"' || translate(encode(${v}, 'base64'), E'\\n', '') || '"'`;

/** Space between tokens, which is all that is outside of strings. */
export const withoutSpace: JsonSql = (v) =>
  String.raw`regexp_replace((${v})::text, '("(?:[^"\\]|\\.)*")|[ \t\n\r]+', '\1', 'g')`;

const LAST = '9999-12-31T23:59:59Z';
const NONE = '0000-01-01T00:00:00Z';
const isNamed = (v: string) => `${v} < '0001-01-01' OR ${v} >= '10000-01-01'`;

/** What RFC 3339 cannot name: infinity, and years outside of 1 to 9999. */
function orSentinel(v: string, text: string, last = LAST, none = NONE): string {
  return `CASE WHEN ${v} = 'infinity' THEN '${last}' WHEN ${isNamed(v)} THEN '${none}' ELSE ${text} END`;
}

/** Not by way of the server's zone, which may have skipped the day. */
const dayText: JsonSql = (v) => `to_char((${v})::timestamp, 'YYYY-MM-DD')`;

export const dateBound: JsonSql = (v) => orSentinel(v, `${dayText(v)} || 'T00:00:00Z'`);
export const timestampBound: JsonSql = (v) => orSentinel(v, `${seconds(v)} || 'Z'`);

/** With a fraction as long as it has to be. */
function seconds(v: string): string {
  return `rtrim(rtrim(to_char(${v}, 'YYYY-MM-DD"T"HH24:MI:SS.US'), '0'), '.')`;
}

/** Seconds of an offset move into the time, so that the instant stays; Z where there is none. */
function offset(zone: string): string {
  return `CASE WHEN ${zone} / 60 = 0 THEN 'Z' ELSE CASE WHEN ${zone} < 0 THEN '-' ELSE '+' END
    || to_char(abs(${zone}) / 3600, 'FM00') || ':' || to_char(abs(${zone}) / 60 % 60, 'FM00') END`;
}

export const timestamptzBound: JsonSql = (v) => {
  const moved = `(zoned.here - (zoned.zone % 60) * interval '1 second')`;
  return `CASE WHEN ${v} = 'infinity' THEN '${LAST}' WHEN ${v} < '0001-12-01 BC' OR ${v} > '10000-02-01' THEN '${NONE}'
    ELSE (SELECT CASE WHEN ${isNamed('zoned.here')} OR ${isNamed(moved)} THEN '${NONE}'
            ELSE ${seconds(moved)} || ${offset('zoned.zone')} END
          FROM (SELECT ${v} AT TIME ZONE current_setting('TimeZone') AS here, extract(timezone FROM ${v})::int AS zone) zoned)
    END`;
};

const inQuotes =
  (text: JsonSql): JsonSql =>
  (v) =>
    `'"' || ${text(v)} || '"'`;

export const asDate = inQuotes((v) => orSentinel(v, dayText(v), '9999-12-31', '0000-01-01'));
export const asTimestamp = inQuotes(timestampBound);
export const asTimestamptz = inQuotes(timestamptzBound);
/** 24:00 is midnight. */
export const asTime = inQuotes((v) => `replace((${v})::text, '24:00:00', '00:00:00') || 'Z'`);
export const asTimetz: JsonSql = (v) => {
  const zone = `extract(timezone FROM ${v})::int`;
  // Adding to a time wraps at midnight.
  const moved = `(${v})::time - (${zone} % 60) * interval '1 second'`;
  return `'"' || replace((${moved})::text, '24:00:00', '00:00:00') || ${offset(`(${zone})`)} || '"'`;
};

/** The server's brackets around bounds that are written anew. */
export function asRangeOf(bound: JsonSql): JsonSql {
  const side = (v: string, which: 'lower' | 'upper') =>
    `CASE WHEN ${which}_inf(${v}) THEN '' ELSE ${bound(`${which}(${v})`)} END`;
  return (
    v,
  ) => `CASE WHEN isempty(${v}) THEN '"empty"' ELSE '"' || CASE WHEN lower_inc(${v}) THEN '[' ELSE '(' END
    || ${side(v, 'lower')} || ',' || ${side(v, 'upper')} || CASE WHEN upper_inc(${v}) THEN ']' ELSE ')' END || '"' END`;
}

/** Row by row, whatever the dimensions. */
export function asElementsOf(element: JsonSql): JsonSql {
  return (
    v,
  ) => `(SELECT '[' || coalesce(string_agg(CASE WHEN e.v IS NOT DISTINCT FROM NULL THEN 'null' ELSE ${element('e.v')} END, ',' ORDER BY e.at), '') || ']'
    FROM (SELECT unnest(${v}) AS v, generate_series(1, cardinality(${v})) AS at) e)`;
}
