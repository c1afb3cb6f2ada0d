/** Who asks vendors' sites. */
export const USER_AGENT = 'wavelock/0.1 (reads advisories for patch planning)';
