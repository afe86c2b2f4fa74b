// Embedded JSON travels through the protocol as text, never as parsed values: a connector's state may hold
// integers past 2^53 and a document may hold decimals, and both have to come out as they went in.

/** The text of one JSON value. Whoever needs the value parses it, with `parseJson` of @weir/schema where numbers matter. */
export type JsonText = string;

/** The UTF-8 bytes of one JSON document, as a view that its producer may reuse; copy it to keep it. */
export type JsonBytes = Buffer;
