import { testApi } from '@weir/testing/api';
import { incidentIo } from '../src/incident-io.ts';
import { config, fakeIncidentIo } from './fake-incident-io.ts';

testApi({
  test: import.meta.url,
  api: incidentIo,
  fake: fakeIncidentIo,
  config,
  streams: {
    incidents: '/v2/incidents',
    severities: '/v1/severities',
    custom_fields: '/v2/custom_fields',
    users: '/v2/users',
    catalog_entries: '/v3/catalog_entries',
  },
  // The others have their turn in all-streams.crash.test.ts.
  seeds: 2,
});
