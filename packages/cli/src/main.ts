// The `weir` command. Each subcommand is one file of commands/.

import { Command } from 'commander';
import { discoverCommand } from './commands/discover.ts';
import { specCommand } from './commands/spec.ts';
import { reportFailure } from './failure.ts';

const program = new Command('weir')
  .description('Runs captures and materializations of a Flow catalog on this machine.')
  .showHelpAfterError('(weir --help lists the commands)')
  .addCommand(specCommand())
  .addCommand(discoverCommand());

try {
  await program.parseAsync();
} catch (error) {
  reportFailure(error);
  process.exitCode = 1;
}
