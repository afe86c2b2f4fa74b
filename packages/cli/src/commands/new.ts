// weir new: makes a connector of one's own that runs and has tests, to be changed from there.

import { relative } from 'node:path';
import { Command, Option } from 'commander';
import { makeConnector, type Template, TEMPLATES } from '../new/template.ts';

interface NewOptions {
  readonly template: Template;
  readonly folder?: string;
}

function run(name: string, { template, folder: into }: NewOptions): void {
  const { folder, files } = makeConnector({ name, template, into });
  const shown = relative('', folder) || '.';
  for (const file of files) process.stdout.write(`  ${shown}/${file}\n`);
  const source =
    into === undefined
      ? `image ghcr.io/estuary/${name}:dev`
      : `command ${JSON.stringify(['node', `${folder}/src/main.ts`])}`;
  process.stdout.write(
    `A catalog names it as the ${source}. Its tests: node --test "${shown}/test/*.test.ts"\n`,
  );
}

export function newCommand(): Command {
  return new Command('new')
    .description('Makes a connector of your own that runs and has tests, to be changed from there.')
    .argument('<name>', 'source-… in lower case')
    .addOption(new Option('-t, --template <kind>', 'what it is like').choices([...TEMPLATES]).default('rest'))
    .option('--folder <path>', 'where its folder is made; default: beside the built-in connectors')
    .addHelpText(
      'after',
      '\nrest: lists of a REST API. graphql: connections of a GraphQL API. webhook: what is sent to it. database: tables.\nExamples:\n  weir new source-shop\n  weir new source-crm --template webhook --folder ~/connectors',
    )
    .action(run);
}
