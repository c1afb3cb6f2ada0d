/**
 * The patch baselines that AWS provides, as the User Guide describes their rules ("Predefined baselines"). Each is the default of its
 * operating system until somebody registers another.
 */
import { createHash } from 'node:crypto';

export interface PatchRule {
  /** Key → values (SSM API reference, PatchFilter). */
  filters: Record<string, string[]>;
  approveAfterDays?: number;
  /** `YYYY-MM-DD` */
  approveUntil?: string;
}

export interface AwsBaseline {
  /** The whole ARN: that is how AWS's own are listed. */
  id: string;
  name: string;
  operatingSystem: string;
  rules: PatchRule[];
}

/** An account that owns AWS's baselines in the CLI's examples (aws-cli, describe-patch-baselines); each Region has another. */
const OWNER = '733109147000';

const SECURITY: PatchRule = { filters: { CLASSIFICATION: ['Security'], SEVERITY: ['Critical', 'Important'] }, approveAfterDays: 7 };
const BUGFIX: PatchRule = { filters: { CLASSIFICATION: ['Bugfix'] }, approveAfterDays: 7 };
/** Debian and Ubuntu: the repositories carry no dates, so there is no delay. */
const BY_PRIORITY: PatchRule = { filters: { PRIORITY: ['Required', 'Important', 'Standard', 'Optional', 'Extra'] }, approveAfterDays: 0 };
const WINDOWS: PatchRule = {
  filters: { CLASSIFICATION: ['CriticalUpdates', 'SecurityUpdates'], MSRC_SEVERITY: ['Critical', 'Important'] },
  approveAfterDays: 7,
};

const RULES: Record<string, { name: string; rules: PatchRule[] }> = {
  ALMA_LINUX: { name: 'AWS-DefaultAlmaLinuxPatchBaseline', rules: [SECURITY, BUGFIX] },
  AMAZON_LINUX_2: { name: 'AWS-AmazonLinux2DefaultPatchBaseline', rules: [SECURITY, BUGFIX] },
  AMAZON_LINUX_2023: { name: 'AWS-AmazonLinux2023DefaultPatchBaseline', rules: [SECURITY, BUGFIX] },
  CENTOS: { name: 'AWS-CentOSDefaultPatchBaseline', rules: [{ filters: {}, approveAfterDays: 7 }] },
  DEBIAN: { name: 'AWS-DebianDefaultPatchBaseline', rules: [BY_PRIORITY] },
  ORACLE_LINUX: { name: 'AWS-OracleLinuxDefaultPatchBaseline', rules: [SECURITY, BUGFIX] },
  REDHAT_ENTERPRISE_LINUX: { name: 'AWS-RedHatDefaultPatchBaseline', rules: [SECURITY, BUGFIX] },
  ROCKY_LINUX: { name: 'AWS-RockyLinuxDefaultPatchBaseline', rules: [SECURITY, BUGFIX] },
  SUSE: { name: 'AWS-SuseDefaultPatchBaseline', rules: [SECURITY] },
  UBUNTU: { name: 'AWS-UbuntuDefaultPatchBaseline', rules: [BY_PRIORITY] },
  WINDOWS: { name: 'AWS-DefaultPatchBaseline', rules: [WINDOWS] },
};

/** Those of a Region. */
export function awsBaselines(region: string): AwsBaseline[] {
  return Object.entries(RULES).map(([operatingSystem, { name, rules }]) => {
    const id = createHash('sha256').update(`${region} ${name}`).digest('hex').slice(0, 17);
    return { id: `arn:aws:ssm:${region}:${OWNER}:patchbaseline/pb-${id}`, name, operatingSystem, rules };
  });
}

/** AWS's own default of an operating system. */
export function awsBaseline(operatingSystem: string, region: string): AwsBaseline | undefined {
  return awsBaselines(region).find((baseline) => baseline.operatingSystem === operatingSystem);
}
