/** Small rpms and a repository of them, built inside a root with the distribution's own rpmbuild and createrepo_c. */
import { createReadStream } from 'node:fs';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { join } from 'node:path';
import type { Root } from './root.ts';

export interface Rpm {
  name: string;
  arch: string;
  /** `1:3.0.8-1.amzn2023.0.5` */
  version: string;
  needs?: string[];
  provides?: string[];
  obsoletes?: string[];
  /** Shell lines that run after the package's installation; `before` runs ahead of it and may stop it. */
  after?: string;
  before?: string;
}

export interface Advisory {
  id: string;
  type: string;
  severity: string;
  packages: Rpm[];
}

const BUILT = '/var/tmp/rpms';

/** Builds what isn't built yet and gives the paths inside the root. */
export async function buildRpms(root: Root, rpms: Rpm[]): Promise<string[]> {
  const specs = rpms.map((rpm) => ({ path: pathOf(rpm), text: specOf(rpm) }));
  specs.forEach(({ path, text }) => root.write(`${path}.spec`, text));
  root.write(`${BUILT}/todo`, specs.map(({ path }) => `${path}\n`).join(''));
  await root.shell(`
    mkdir -p ${BUILT}/out && cd ${BUILT} && while read -r rpm; do
      [ -e "$rpm" ] || { rpmbuild -bb --quiet --define "_topdir ${BUILT}/top" --define "_rpmdir ${BUILT}/out" \\
        --define "_build_name_fmt %%{NAME}.rpm" --define "_build_id_links none" \\
        --target "$(sed -n 's/^# //p' "$rpm.spec")" "$rpm.spec" >&2 &&
        mv ${BUILT}/out/*.rpm "$rpm"; } || exit 1
    done <todo`);
  return specs.map(({ path }) => path);
}

/** Builds many plain rpms in one go, as sub-packages of one: one rpmbuild each would take half a minute. Later calls find them built. */
export async function buildMany(root: Root, rpms: Rpm[]): Promise<void> {
  const parts = rpms.map((rpm) => {
    const [, , version, release] = /^(?:(\d+):)?(.+)-([^-]+)$/.exec(rpm.version) ?? [];
    const head = `%package -n ${rpm.name}\nVersion: ${version}\nRelease: ${release}\nSummary: test`;
    return `${head}\n%description -n ${rpm.name}\ntest\n%files -n ${rpm.name}\n`;
  });
  const head = 'Name: many\nVersion: 1\nRelease: 1\nSummary: test\nLicense: MIT\n%description\ntest\n';
  root.write(`${BUILT}/many.spec`, head + parts.join(''));
  root.write(`${BUILT}/moves`, rpms.map((rpm) => `mv ${BUILT}/out/${rpm.name}.rpm ${pathOf(rpm)}\n`).join(''));
  await root.shell(`cd ${BUILT} && mkdir -p out && rpmbuild -bb --quiet --define "_topdir ${BUILT}/top" --define "_rpmdir ${BUILT}/out" \
    --define "_build_name_fmt %%{NAME}.rpm" --define "_build_id_links none" --target x86_64 many.spec >&2 && sh moves`);
}

function pathOf(rpm: Rpm): string {
  const content = [rpm.needs, rpm.provides, rpm.obsoletes, rpm.after, rpm.before].flat().join();
  return `${BUILT}/${rpm.name}-${rpm.version.replace(':', '_')}.${rpm.arch}.${Buffer.from(content).toString('hex').slice(0, 60)}.rpm`;
}

function specOf(rpm: Rpm): string {
  const [, epoch, version, release] = /^(?:(\d+):)?(.+)-([^-]+)$/.exec(rpm.version) ?? [];
  const lines = [
    `# ${rpm.arch}`,
    `Name: ${rpm.name}`,
    ...(epoch === undefined ? [] : [`Epoch: ${epoch}`]),
    `Version: ${version}`,
    `Release: ${release}`,
    'Summary: test',
    'License: MIT',
    ...(rpm.arch === 'noarch' ? ['BuildArch: noarch'] : []),
    ...(rpm.needs ?? []).map((need) => `Requires: ${need}`),
    ...(rpm.provides ?? []).map((name) => `Provides: ${name}`),
    ...(rpm.obsoletes ?? []).map((name) => `Obsoletes: ${name}`),
    '%description\ntest',
    ...(rpm.before === undefined ? [] : [`%pre\n${rpm.before}`]),
    ...(rpm.after === undefined ? [] : [`%post\n${rpm.after}`]),
    '%files',
  ];
  return `${lines.join('\n')}\n`;
}

/** Puts an rpm database into place that has exactly these packages. */
export async function installRpms(root: Root, rpms: Rpm[]): Promise<void> {
  const paths = await buildRpms(root, rpms);
  await root.shell('rm -rf /var/lib/rpm && mkdir -p /var/lib/rpm && rpm --initdb');
  await root.shell(`rpm -i --force-debian --justdb --nodeps --force ${paths.join(' ')}`);
}

/** Makes a repository at a path inside the root. */
export async function makeRepository(root: Root, path: string, rpms: Rpm[], advisories: Advisory[] = []): Promise<void> {
  const paths = await buildRpms(root, rpms);
  root.write(`${path}/updateinfo.xml`, updateinfo(advisories));
  await root.shell(`
    cd ${path} && rm -rf repodata *.rpm && ${paths.map((from, index) => `cp ${from} ${index}.rpm`).join(' && ') || true}
    createrepo_c -q . && modifyrepo_c --mdtype=updateinfo updateinfo.xml repodata >/dev/null`);
}

function updateinfo(advisories: Advisory[]): string {
  const updates = advisories.map(
    ({ id, type, severity, packages }) => `
<update from="test" status="final" type="${type}" version="1"><id>${id}</id><title>${id}</title><issued date="2026-01-01 00:00:00"/>
<severity>${severity}</severity><description>test</description><references/><pkglist><collection short="test"><name>test</name>
${packages.map(updateinfoPackage).join('\n')}
</collection></pkglist></update>`,
  );
  return `<?xml version="1.0" encoding="UTF-8"?>\n<updates>${updates.join('')}\n</updates>\n`;
}

function updateinfoPackage(rpm: Rpm): string {
  const [, epoch = '0', version, release] = /^(?:(\d+):)?(.+)-([^-]+)$/.exec(rpm.version) ?? [];
  const file = `${rpm.name}-${version}-${release}.${rpm.arch}.rpm`;
  const attributes = `name="${rpm.name}" version="${version}" release="${release}" epoch="${epoch}" arch="${rpm.arch}" src=""`;
  return `<package ${attributes}><filename>${file}</filename></package>`;
}

/** Serves a directory: packages of a repository that is only files would not have to be downloaded. */
export async function serve(directory: string): Promise<{ url: string; server: Server }> {
  const server = createServer((request, response) => {
    const file = createReadStream(join(directory, decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname)));
    file.once('error', () => response.writeHead(404).end());
    file.once('open', () => file.pipe(response));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { url: `http://127.0.0.1:${address.port}`, server };
}
