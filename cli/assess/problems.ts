/** Why nothing could be looked at, for people: one sentence, and what to do next. */
import { plain } from '../ui/text.ts';
import type { SurveyError, SurveyProblem } from '../../lambdas/aws/survey/errors.ts';

export interface Asked {
  profile?: string;
  endpoint?: string;
  region?: string;
}

/** Lines for standard error. */
export function explain({ problem, detail }: SurveyError, asked: Asked): string {
  const [what, next] = WORDS[problem](asked);
  return `assess: ${what}\n  next: ${next}\n  (${plain(detail.trim())})`;
}

const WORDS: Record<SurveyProblem, (asked: Asked) => [what: string, next: string]> = {
  'no-credentials': ({ profile }) => [
    profile === undefined ? 'no AWS credentials were found.' : `profile ${profile} gives no credentials.`,
    profile === undefined
      ? 'sign in as for the AWS CLI (`aws sso login`, `aws configure`, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY), or name a profile with --profile'
      : `try \`aws sts get-caller-identity --profile ${profile}\`; with IAM Identity Center, \`aws sso login --profile ${profile}\` first`,
  ],
  'no-profile': ({ profile = 'default' }) => [
    `there is no usable profile ${profile} in ~/.aws/config or ~/.aws/credentials.`,
    '`aws configure list-profiles` shows those that are there',
  ],
  'no-region': () => ['no Region is set.', 'name one or more with --region eu-central-1,eu-west-1, or --region all; or set AWS_REGION'],
  expired: () => ['the credentials have expired.', 'sign in again (`aws sso login`), or take fresh keys'],
  rejected: ({ endpoint }) => [
    'AWS does not know these credentials.',
    endpoint === undefined
      ? '`aws sts get-caller-identity` shows whose they are; keys of an embedded AWS work with its --endpoint only'
      : `are they the keys that \`wavelock local\` printed for ${endpoint}? They end with it`,
  ],
  unreachable: ({ endpoint, region }) => [
    `${endpoint ?? process.env.AWS_ENDPOINT_URL ?? `AWS in ${region ?? 'this Region'}`} cannot be reached.`,
    endpoint === undefined && process.env.AWS_ENDPOINT_URL === undefined
      ? 'is the Region spelled right, and is there a way to the internet (proxy: HTTPS_PROXY)?'
      : 'does `wavelock local` run there? Leave --endpoint and AWS_ENDPOINT_URL out for AWS itself',
  ],
  role: () => ['a role gave no credentials.', 'check the role in the accounts file'],
};
