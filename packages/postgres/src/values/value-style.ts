// How values look where the feature flags of the reference system leave a choice. Tasks that were made under older
// defaults pin them, so each style has to give the values it always gave.

/** Flat: the elements row by row. Shaped: `{"dimensions":[2,2],"elements":[…]}`. Nested: arrays of arrays. */
export type ArrayStyle = 'flat' | 'shaped' | 'nested';

export interface ValueStyle {
  /** A date is a date; otherwise the timestamp of its midnight. */
  readonly dateAsDate: boolean;
  /** A time without a zone is a text; otherwise its microseconds since midnight. */
  readonly timeAsTime: boolean;
  readonly arrays: ArrayStyle;
}

export const standardStyle: ValueStyle = { dateAsDate: true, timeAsTime: true, arrays: 'flat' };

/** `multidimensional_arrays` wins over `flatten_arrays`. */
export function valueStyle(flags: {
  readonly date_as_date: boolean;
  readonly time_as_time: boolean;
  readonly flatten_arrays: boolean;
  readonly multidimensional_arrays: boolean;
}): ValueStyle {
  const plain = flags.flatten_arrays ? 'flat' : 'shaped';
  return {
    dateAsDate: flags.date_as_date,
    timeAsTime: flags.time_as_time,
    arrays: flags.multidimensional_arrays ? 'nested' : plain,
  };
}
