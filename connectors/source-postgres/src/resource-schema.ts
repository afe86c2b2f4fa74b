// The configuration of one binding, as the user interface shows it.

import {
  configSchema,
  choice,
  integer,
  item,
  list,
  optional,
  optionalSection,
  text,
} from '@weir/schema/config';
import { backfillModes } from '@weir/sqlcapture';

/** Discovery sets it; user interfaces do not let it be edited. */
const readOnly: object = { readOnly: true };

export const resourceSchema = configSchema(
  {
    id: 'https://github.com/estuary/connectors/source-postgres/resource',
    title: 'SQL Database Resource Spec',
  },
  {
    mode: optional(
      choice(backfillModes, {
        title: 'Backfill Mode',
        description:
          'How the existing contents of the table are backfilled. Leave it empty unless you have a reason to choose.',
        default: '',
      }),
    ),
    priority: optional(
      integer({
        title: 'Backfill Priority',
        description: 'Tables with a higher priority are backfilled first. Negative priorities are allowed.',
        default: 0,
      }),
    ),
    namespace: text({
      title: 'Schema',
      description: 'The schema (namespace) of the table.',
      order: 0,
      ...readOnly,
    }),
    stream: text({ title: 'Table Name', description: 'The name of the table.', order: 1, ...readOnly }),
    advanced: optionalSection(
      { title: 'Advanced Options', description: 'Options for advanced users.', advanced: true },
      {
        additional_backfill_filter: optional(
          text({
            title: 'Additional Backfill Filter',
            description: 'A boolean SQL expression. Only rows which satisfy it are backfilled.',
          }),
        ),
      },
    ),
  },
  {
    primary_key: optional(
      list(item('string'), { title: 'Primary Key', description: 'Columns in whose order to backfill.' }),
    ),
    syncMode: optional(text({ title: 'Sync Mode', description: 'Of old catalogs, and without meaning.' })),
  },
);
