/** The `wavelock` command. Each subcommand is loaded when it is called, so that `--help` is quick. */
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { Command, CommanderError } from 'commander';
import { EXIT, QUALIFIER } from './run/messages.ts';

/** As a program ends that the system ends for want of a reader (Bash manual, "Exit Status"). */
const BROKEN_PIPE = 128 + (constants.signals.SIGPIPE ?? 13);

/** People copy ids from addresses, where they stand in small letters. */
const cveOf = (text: string): string => (/^\s*cve-/i.test(text) ? text.trim().toUpperCase() : text);

const program = new Command('wavelock')
  .description('A lockfile for your fleet, rolled out in waves: staged patch orchestration for AWS Systems Manager.')
  .version(versionOf(), '-V, --version', 'print the version')
  .showHelpAfterError('(wavelock --help shows every command)')
  .exitOverride();

program
  .command('run')
  .description('run a whole rollout on this laptop: the template that `cdk deploy` ships, in virtual time, without AWS')
  .option('--fleet <file>', 'your fleet (docs/fleet-file.md)', 'demo/fleet.yaml')
  .option('--policy <file>', 'your policies (docs/policy-file.md)', 'demo/policy.yaml')
  .option('--feeds <folder>', 'advisories as the vendors publish them', 'demo/feeds')
  .option('--scenario <name>', 'what goes wrong: bad-patch, unreachable, lost-event, other-updater, newer-dependency, zero-day, none, or a file')
  .option('--only <ids>', 'only these nodes of the fleet, ids or names, separated by commas')
  .option('--at <date>', 'plan at the first planning time after this ISO date (default: now; for the demo 2026-12-01)')
  .option('--seed <number>', 'chance: the same seed gives the same run', '1')
  .option('--out <folder>', 'where the report goes', 'out')
  .option('--json', 'print one JSON document on standard output, progress on standard error')
  .addHelpText(
    'after',
    '\nExample:\n  npm start -- --scenario bad-patch\n  npm start -- --fleet fleet.yaml --policy wavelock.yaml --json > result.json\n\nExit status: 0 succeeded, 1 failed, 2 bad input, 3 held',
  )
  .action(async (options) => {
    const { run } = await import('./run/run.ts');
    // Whoever stops reading before the verdict is there has not been told "succeeded".
    process.exitCode = BROKEN_PIPE;
    process.exitCode = await run(options);
  });

program
  .command('local')
  .description('keep the embedded AWS running in real time on a port, to look inside with the AWS CLI or any SDK')
  .option('--fleet <file>', 'the simulated fleet', 'demo/fleet.yaml')
  .option('--policy <file>', 'the policies to deploy', 'demo/policy.yaml')
  .option('--feeds <folder>', 'advisories as the vendors publish them', 'demo/feeds')
  .option('--port <number>', 'port on 127.0.0.1', '4599')
  .addHelpText(
    'after',
    '\nExample:\n  npx wavelock local --port 4599\n  aws --endpoint-url http://127.0.0.1:4599 stepfunctions list-state-machines\n\nExit status: 0 ended by Ctrl-C, 1 could not start, 2 bad input or a port that is taken',
  )
  .action(async (options) => {
    const { local } = await import('./run/local.ts');
    process.exitCode = await local(options);
  });

program
  .command('assess')
  .description(
    'look at your accounts, reading only: coverage, exposure, what would stop a rollout; writes a fleet to simulate and a policy to start from',
  )
  .option('--profile <name>', 'profile of your AWS configuration')
  .option('--accounts <file>', 'several accounts: a YAML list of { account, role, regions } (docs/assess.md)')
  .option('--region <names>', 'Regions, separated by commas, or all (default: that of your configuration)')
  .option('--endpoint <url>', 'an embedded AWS instead of AWS, as `wavelock local` prints it')
  .option('--max <number>', 'look at no more than so many nodes', '5000')
  .option('--feeds <folder>', "advisories from files (default: from the vendors' sites)")
  .option('--no-feeds', 'no advisories: nothing is said of exposure')
  .option('--policy <file>', 'your policy file, to say who is in it (default: wavelock.yaml, where there is one)')
  .option('--out <folder>', 'where all three files go (default: fleet.yaml and wavelock.yaml here, the report in out)')
  .option('--force', 'replace a fleet.yaml or wavelock.yaml that somebody has changed')
  .option('--json', 'print one JSON document on standard output')
  .option('--permissions', 'print the IAM policy that suffices, and look at nothing')
  .addHelpText(
    'after',
    '\nExample:\n  npx wavelock assess --profile readonly --region eu-central-1,eu-west-1\n  npx wavelock assess --permissions > policy.json\n\nExit status: 0 looked, 2 bad input or nothing could be looked at',
  )
  .action(async (options) => {
    const { assess } = await import('./assess/assess.ts');
    process.exitCode = await assess(options);
  });

program
  .command('feeds')
  .description("how the vendors' feeds are: last success, newest record, count, errors, stale or not, and why")
  .option('--qualifier <name>', 'qualifier of the installation', QUALIFIER)
  .option('--endpoint <url>', 'an embedded AWS instead of AWS, as `wavelock local` prints it')
  .option('--accept <feed>', 'take a feed as it is that has lost more than a tenth of its records (recorded with your ARN)')
  .option('--why <text>', 'the reason of --accept, kept in the record')
  .option('--check <folder>', "offline: what our readers make of a folder of vendors' files (docs/feeds.md)")
  .option('--json', 'print one JSON document on standard output')
  .addHelpText(
    'after',
    '\nExample:\n  npx wavelock feeds\n  npx wavelock feeds --accept osv-debian --why "old releases were archived"\n  npx wavelock feeds --check downloads/\n\nExit status: 0 shown, 1 a file that a feed reads is broken (--check), 2 bad input or no hub',
  )
  .action(async (options) => {
    const { feeds } = await import('./feeds/feeds.ts');
    process.exitCode = await feeds(options);
  });

program
  .command('exposure')
  .description('what nodes are exposed to, since when, and how current that is: of a hub, or offline from inventory files')
  .option('--advisory <id>', 'only this advisory')
  .option('--cve <id>', 'only this CVE', cveOf)
  .option('--node <id>', 'only this node, id or name')
  .option('--service <name>', 'only nodes with this value of the tag Service')
  .option('--json', 'print an array with a row for each node, advisory and package')
  .option('--qualifier <name>', 'qualifier of the installation', QUALIFIER)
  .option('--endpoint <url>', 'an embedded AWS instead of AWS, as `wavelock local` prints it')
  .option('--inventory <files...>', 'offline: inventories of nodes, one a file, as Systems Manager has them (docs/matching.md)')
  .option('--feeds <folder>', 'offline: advisories as the vendors publish them')
  .option('--platform <name>', 'offline: what a node is whose file is only a list of packages: "Amazon Linux 2"')
  .option('--policy <file>', 'offline: a policy file, for its deadlines')
  .option('--now <date>', 'offline: the ISO 8601 date from which deadlines count (default: now)')
  .addHelpText(
    'after',
    '\nExample:\n  npx wavelock exposure --cve CVE-2026-31337\n  npx wavelock exposure --service order-entry --json > rows.json\n  npx wavelock exposure --inventory web-1.json db-1.json --feeds downloads/\n  npx wavelock exposure --inventory packages.json --platform "Amazon Linux 2" --feeds downloads/ --json\n\nExit status: 0 looked, 2 bad input or no hub',
  )
  .action(async (options) => {
    const { exposure } = await import('./exposure/exposure.ts');
    process.exitCode = await exposure(options);
  });

const advisory = program.command('advisory').description('what people announce in the hours before any feed knows (recorded with your ARN)');

advisory
  .command('add <cve>')
  .description('announce a CVE without a fix: nodes with these packages count as exposed until a vendor speaks')
  .requiredOption('--packages <names>', 'names of binary or source packages, separated by commas; Windows for Windows itself')
  .option('--platform <names>', 'only these, such as ubuntu or amazon-linux-2023 (default: every platform that has such a package)')
  .option('--severity <grade>', 'critical, important, moderate, low or unrated', 'unrated')
  .option('--no-fix-yet', 'nobody has a fix (required: what has one comes from its vendor)')
  .option('--anyway', 'record it though it changes nothing now: no node has such a package, or vendors have spoken for all that have')
  .requiredOption('--why <text>', 'the reason, kept in the record')
  .option('--qualifier <name>', 'qualifier of the installation', QUALIFIER)
  .option('--endpoint <url>', 'an embedded AWS instead of AWS, as `wavelock local` prints it')
  .addHelpText(
    'after',
    '\nExample:\n  npx wavelock advisory add CVE-2026-31337 --packages openssl,openssl-libs --no-fix-yet --why "exploited, says our CERT"\n\nExit status: 0 recorded, 2 refused',
  )
  .action(async (cve, options) => {
    const { addAdvisory } = await import('./advisory/advisory.ts');
    process.exitCode = await addAdvisory(cveOf(cve), options);
  });

advisory
  .command('withdraw <cve>')
  .description('take back what was announced')
  .requiredOption('--why <text>', 'the reason, kept in the record')
  .option('--qualifier <name>', 'qualifier of the installation', QUALIFIER)
  .option('--endpoint <url>', 'an embedded AWS instead of AWS, as `wavelock local` prints it')
  .addHelpText(
    'after',
    '\nExample:\n  npx wavelock advisory withdraw CVE-2026-31337 --why "not affected, says the vendor"\n\nExit status: 0 recorded, 2 refused',
  )
  .action(async (cve, options) => {
    const { withdrawAdvisory } = await import('./advisory/advisory.ts');
    process.exitCode = await withdrawAdvisory(cveOf(cve), options);
  });

program
  .command('why <node>')
  .description('the story of one node in the last run: outcome, reason, versions')
  .option('--out <folder>', 'where the last run left its result', 'out')
  .addHelpText('after', '\nExample:\n  npx wavelock why web-t1\n\nExit status: 0 told, 2 no such run or node')
  .action(async (node, options) => {
    const { why } = await import('./run/last.ts');
    process.exitCode = why(node, options.out);
  });

program
  .command('notices')
  .description('the messages that went out in the last run')
  .option('--out <folder>', 'where the last run left its result', 'out')
  .addHelpText('after', '\nExample:\n  npx wavelock notices\n\nExit status: 0 shown, 2 no such run')
  .action(async (options) => {
    const { notices } = await import('./run/last.ts');
    process.exitCode = notices(options.out);
  });

program
  .command('timeline <cve>')
  .description('what happened about a CVE: announced, exposed, told, mitigated, approved by whom, proven, closed on the last node')
  .option('--json', 'print an array of { at, what, who, why } instead')
  .option('--qualifier <name>', 'qualifier of the installation', QUALIFIER)
  .option('--endpoint <url>', 'an embedded AWS instead of AWS, as `wavelock local` prints it')
  .addHelpText('after', '\nExample:\n  npx wavelock timeline CVE-2026-31337\n\nExit status: 0 told, 2 the CVE or the hub is not known')
  .action(async (cve, options) => {
    const { timeline } = await import('./timeline/timeline.ts');
    process.exitCode = await timeline(cveOf(cve), options);
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
    .option('--qualifier <name>', 'qualifier of the installation', QUALIFIER)
    .option('--endpoint <url>', 'an embedded AWS instead of AWS, as `wavelock local` prints it')
    .addHelpText(
      'after',
      `\nExample:\n  npx wavelock ${verb} monthly-20261209-3f9ca1 --why "seen by the database team"\n\nExit status: 0 decided, 2 refused, with the reason`,
    )
    .action(async (rollout, options) => {
      const { decide } = await import('./decide.ts');
      process.exitCode = await decide(verb, rollout, options);
    });
}

helpByName(program, 'wavelock');

// Whoever reads has what they wanted (`wavelock exposure --json | head`): that is no error.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(process.exitCode ?? EXIT.succeeded);
  });
}

try {
  await program.parseAsync(process.argv);
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? EXIT.succeeded : EXIT.badInput;
  else throw error;
}

/** Whoever mistypes an option is sent to the help of the command that has it. */
function helpByName(command: Command, name: string): void {
  for (const one of command.commands) {
    one.showHelpAfterError(`(${name} ${one.name()} --help shows what it takes)`);
    helpByName(one, `${name} ${one.name()}`);
  }
}

function versionOf(): string {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string };
  return version;
}
