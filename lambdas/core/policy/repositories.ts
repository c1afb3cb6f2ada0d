/** `repositories` as people write them: yum repositories beside the vendors' own, whose advisories are read as well. */
import { z } from 'zod';

const NAME = 'expected a name of small letters, digits and dashes, at most 24, such as epel-9';
const URL_FORM = 'expected an address such as https://mirror.example.com/epel/9/x86_64/, https and without a port';
const OS = 'expected the first part of a platform such as rhel, rocky or amazon-linux';
const RELEASE = 'expected the release of a platform such as "9" or "2023"; a number wants quotes';

/** The whole of `repositories`. The feed and the source of advisories are called `repo-` and the name. */
export const WrittenRepositories = z
  .array(
    z.strictObject({
      name: z
        .string({ error: NAME })
        .regex(/^[a-z0-9][a-z0-9-]{0,23}$/, NAME)
        .describe('Name of the repository; its advisories come from repo-NAME'),
      url: z
        .string({ error: URL_FORM })
        .regex(/^https:\/\/[a-z0-9.-]+\/[!-~]*$/, URL_FORM)
        .describe('The address above repodata/, or of a list of mirrors on the same host, which ends in .list'),
      os: z
        .string({ error: OS })
        .regex(/^[a-z][a-z0-9.-]{0,39}$/, OS)
        .describe('For which OS: rhel, amazon-linux'),
      release: z
        .string({ error: RELEASE })
        .regex(/^[a-z0-9.]{1,20}$/, RELEASE)
        .describe('For which release of it: "9"'),
    }),
  )
  .superRefine((repositories, context) => {
    for (const [index, { name }] of repositories.entries()) {
      if (repositories.findIndex((other) => other.name === name) < index)
        context.addIssue({ code: 'custom', path: [index, 'name'], message: `there is another repository called ${name}` });
    }
  });
