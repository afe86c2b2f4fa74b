// The `weir` command. Each subcommand is one file of commands/.

import { Command } from 'commander';
import { backfillCommand } from './commands/backfill.ts';
import { demoCommand } from './commands/demo.ts';
import { discoverCommand } from './commands/discover.ts';
import { doctorCommand } from './commands/doctor.ts';
import { explainCommand } from './commands/explain.ts';
import { initCommand } from './commands/init.ts';
import { newCommand } from './commands/new.ts';
import { oauthCommand } from './commands/oauth.ts';
import { previewCommand } from './commands/preview.ts';
import { readCommand } from './commands/read.ts';
import { runCommand } from './commands/run.ts';
import { specCommand } from './commands/spec.ts';
import { statusCommand } from './commands/status.ts';
import { reportFailure } from './failure.ts';
import { followLauncher } from './launcher.ts';

const program = new Command('weir')
  .description('Runs captures and materializations of a Flow catalog on this machine.')
  .showHelpAfterError('(weir --help lists the commands)')
  .addCommand(initCommand())
  .addCommand(newCommand())
  .addCommand(explainCommand())
  .addCommand(specCommand())
  .addCommand(discoverCommand())
  .addCommand(oauthCommand())
  .addCommand(previewCommand())
  .addCommand(doctorCommand())
  .addCommand(runCommand())
  .addCommand(statusCommand())
  .addCommand(readCommand())
  .addCommand(backfillCommand())
  .addCommand(demoCommand());

followLauncher();

// Whoever reads the output may stop (`weir read … | head`), and a terminal may be closed. A run goes on, or ends in order.
for (const output of [process.stdout, process.stderr]) {
  output.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
  });
}

try {
  await program.parseAsync();
} catch (error) {
  reportFailure(error);
  process.exitCode = 1;
}
