/** Others that are at work on a node's packages. */

/** Shell that holds a record lock on a file for a minute, as dpkg and rpm hold their databases: flock(1) doesn't see it. */
export function holdLock(file: string): string {
  const lock = `import fcntl, time; f = open("${file}", "w"); fcntl.lockf(f, fcntl.LOCK_EX)`;
  const python = `${lock}; open("/var/tmp/locked", "w"); time.sleep(60)`;
  return `python3 -c '${python}' >/dev/null 2>&1 & echo $! >/var/tmp/holder; while [ ! -e /var/tmp/locked ]; do sleep 0.1; done`;
}

/** Shell that ends what `holdLock` began. */
export const releaseLock = 'rm -f /var/tmp/locked; kill $(cat /var/tmp/holder)';
