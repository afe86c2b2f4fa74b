import type { ApiRequest } from '../http/request.ts';
import { singlePage } from '../paging/paging.ts';
import type { RecordFormat } from '../records/read-records.ts';
import type { FixedList } from './list-options.ts';
import type { ListSource } from './list-reader.ts';

export function listSource({
  paging = singlePage,
  records = '',
  map,
  nested,
  complete,
  check,
  budget,
}: Omit<FixedList, 'path'>): ListSource {
  return { paging, format: formatOf(records), map, nested, complete, check, budget };
}

/** The request of the first page, without filters. */
export function baseRequest({
  path,
  method = 'GET',
  query,
  headers,
  body,
  answers,
  cost,
}: FixedList): ApiRequest {
  return {
    url: path,
    method,
    isSafe: true,
    ...(query === undefined ? {} : { query }),
    ...(headers === undefined ? {} : { headers }),
    ...(body === undefined ? {} : { body }),
    ...(answers === undefined ? {} : { answers }),
    ...(cost === undefined ? {} : { cost }),
  };
}

function formatOf(records: string | RecordFormat): RecordFormat {
  if (typeof records !== 'string') return records;
  return { kind: 'json', path: records === '' ? [] : records.split('.') };
}
