/** The `wavelock` command. Each subcommand is loaded when it is called, so that `--help` is quick. */
import { Command, CommanderError } from 'commander';
import { EXIT } from './run/messages.ts';

const program = new Command('wavelock')
  .description('A lockfile for your fleet, rolled out in waves: staged patch orchestration for AWS Systems Manager.')
  .showHelpAfterError('(wavelock --help shows every command)')
  .exitOverride();

program
  .command('run')
  .description('run a whole rollout on this laptop: the template that `cdk deploy` ships, in virtual time, without AWS')
  .option('--fleet <file>', 'your fleet (docs/fleet-file.md)', 'demo/fleet.yaml')
  .option('--policy <file>', 'your policies (docs/policy-file.md)', 'demo/policy.yaml')
  .option('--feeds <folder>', 'advisories as the vendors publish them', 'demo/feeds')
  .option('--scenario <name>', 'what goes wrong: bad-patch, unreachable, lost-event, other-updater, newer-dependency, none, or a file')
  .option('--only <ids>', 'only these nodes of the fleet, ids or names, separated by commas')
  .option('--at <date>', 'plan at the first planning time after this ISO date (default: now; for the demo 2026-12-01)')
  .option('--seed <number>', 'chance: the same seed gives the same run', '1')
  .option('--out <folder>', 'where the report goes', 'out')
  .option('--json', 'print one JSON document on standard output, progress on standard error')
  .addHelpText('after', '\nExample:\n  npm start -- --scenario bad-patch\n  npm start -- --fleet fleet.yaml --policy wavelock.yaml --json > result.json\n\nExit status: 0 succeeded, 1 failed, 2 bad input, 3 held')
  .action(async (options) => {
    const { run } = await import('./run/run.ts');
    process.exitCode = await run(options);
  });

program
  .command('local')
  .description('keep the embedded AWS running in real time on a port, to look inside with the AWS CLI or any SDK')
  .option('--fleet <file>', 'the simulated fleet', 'demo/fleet.yaml')
  .option('--policy <file>', 'the policies to deploy', 'demo/policy.yaml')
  .option('--feeds <folder>', 'advisories as the vendors publish them', 'demo/feeds')
  .option('--port <number>', 'port on 127.0.0.1', '4599')
  .addHelpText('after', '\nExample:\n  npx wavelock local --port 4599\n  aws --endpoint-url http://127.0.0.1:4599 stepfunctions list-state-machines')
  .action(async (options) => {
    const { local } = await import('./run/local.ts');
    process.exitCode = await local(options);
  });

program
  .command('assess')
  .description('look at your accounts, reading only: coverage, exposure, what would stop a rollout; writes a fleet to simulate and a policy to start from')
  .option('--profile <name>', 'profile of your AWS configuration')
  .option('--accounts <file>', 'several accounts: a YAML list of { account, role, regions } (docs/assess.md)')
  .option('--region <names>', 'Regions, separated by commas, or all (default: that of your configuration)')
  .option('--endpoint <url>', 'an embedded AWS instead of AWS, as `wavelock local` prints it')
  .option('--max <number>', 'look at no more than so many nodes', '5000')
  .option('--feeds <folder>', 'advisories from files (default: from the vendors\' sites)')
  .option('--policy <file>', 'your policy file, to say who is in it (default: wavelock.yaml, where there is one)')
  .option('--out <folder>', 'where all three files go (default: fleet.yaml and wavelock.yaml here, the report in out)')
  .option('--force', 'replace a fleet.yaml or wavelock.yaml that somebody has changed')
  .option('--json', 'print one JSON document on standard output')
  .option('--permissions', 'print the IAM policy that suffices, and look at nothing')
  .addHelpText('after', '\nExample:\n  npx wavelock assess --profile readonly --region eu-central-1,eu-west-1\n  npx wavelock assess --permissions > policy.json\n\nExit status: 0 looked, 2 bad input or nothing could be looked at')
  .action(async (options) => {
    const { assess } = await import('./assess/assess.ts');
    process.exitCode = await assess(options);
  });

program
  .command('feeds')
  .description('how the vendors\' feeds are: last success, newest record, count, errors, stale or not, and why')
  .option('--qualifier <name>', 'qualifier of the installation', 'Wavelock')
  .option('--endpoint <url>', 'an embedded AWS instead of AWS, as `wavelock local` prints it')
  .option('--check <folder>', 'offline: what our readers make of a folder of vendors\' files (docs/feeds.md)')
  .option('--json', 'print one JSON document on standard output')
  .addHelpText('after', '\nExample:\n  npx wavelock feeds\n  npx wavelock feeds --check downloads/\n\nExit status: 0 shown, 1 a file that a feed reads is broken (--check), 2 bad input or no hub')
  .action(async (options) => {
    const { feeds } = await import('./feeds/feeds.ts');
    process.exitCode = await feeds(options);
  });

program
  .command('why <node>')
  .description('the story of one node in the last run: outcome, reason, versions')
  .option('--out <folder>', 'where the last run left its result', 'out')
  .addHelpText('after', '\nExample:\n  npx wavelock why web-t1')
  .action(async (node, options) => {
    const { why } = await import('./run/last.ts');
    process.exitCode = why(node, options.out);
  });

program
  .command('notices')
  .description('the messages that went out in the last run')
  .option('--out <folder>', 'where the last run left its result', 'out')
  .addHelpText('after', '\nExample:\n  npx wavelock notices')
  .action(async (options) => {
    const { notices } = await import('./run/last.ts');
    process.exitCode = notices(options.out);
  });

for (const [verb, description] of [
  ['approve', 'approve a plan that asks'],
  ['resume', 'go on with a held rollout, accepting what was inconclusive'],
  ['abort', 'end a rollout: nothing more is sent, reservations are freed'],
] as const) {
  program
    .command(`${verb} <rollout>`)
    .description(`${description} (with your AWS credentials; the decision is recorded with your ARN)`)
    .requiredOption('--why <text>', 'the reason, kept in the record')
    .option('--qualifier <name>', 'qualifier of the installation', 'Wavelock')
    .option('--endpoint <url>', 'an embedded AWS instead of AWS, as `wavelock local` prints it')
    .addHelpText('after', `\nExample:\n  npx wavelock ${verb} monthly-20261209-3f9ca1 --why "seen by the database team"`)
    .action(async (rollout, options) => {
      const { decide } = await import('./decide.ts');
      process.exitCode = await decide(verb, rollout, options);
    });
}

try {
  await program.parseAsync(process.argv);
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? EXIT.succeeded : EXIT.badInput;
  else throw error;
}
