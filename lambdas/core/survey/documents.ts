/** Which SSM documents install updates, or may. Sources: SSM User Guide, "SSM Command documents for patching", and the documents' own pages. */

/** AWS's documents that install when their parameter `Operation` (or `Action`) says so; without it they are judged by name. */
const PATCHING = new Set([
  'AWS-RunPatchBaseline',
  'AWS-RunPatchBaselineAssociation',
  'AWS-RunPatchBaselineWithHooks',
  'AWS-InstallWindowsUpdates',
  'AWS-ApplyPatchBaseline',
]);
/** These install whatever they are told. */
const ALWAYS = new Set([
  'AWS-PatchInstanceWithRollback',
  'AWS-PatchAsgInstance',
  'AWS-FindWindowsUpdates-Install',
  'AWSEC2-PatchLoadBalancerInstance',
]);
/** Documents of one's own are known by name only. */
const SOUNDS_LIKE = /patch|update|upgrade|yum|dnf|apt/i;
const OTHERWISE = /^(AWS-UpdateSSMAgent|AWS-UpdateEC2Config|AWS-UpdateLinuxAmi|AWS-UpdateWindowsAmi|AWS-GatherSoftwareInventory|Wavelock-.*)$/;

/** The name in an ARN: documents that are shared by another account are named so. */
export function documentName(document: string): string {
  return document.slice(document.lastIndexOf('/') + 1);
}

/** Whether a document is worth asking what it does. */
export function mayPatch(document: string): boolean {
  const name = documentName(document);
  if (OTHERWISE.test(name)) return false;
  return PATCHING.has(name) || ALWAYS.has(name) || (name.startsWith('AWS') ? /patch/i : SOUNDS_LIKE).test(name);
}

/** `installs`, only `scans`, or `perhaps`: a document of one's own, or one whose parameters could not be read. */
export function whatItDoes(document: string, operation: string | undefined): 'installs' | 'scans' | 'perhaps' {
  const name = documentName(document);
  if (ALWAYS.has(name) || operation === 'Install') return 'installs';
  if (operation === 'Scan' || operation === 'List') return 'scans';
  return 'perhaps';
}
