import { AsyncLocalStorage } from 'node:async_hooks';

/** Work to which an error belongs that nobody caught. */
interface Owner {
  name: string;
  fail(error: unknown): void;
}

const owners = new AsyncLocalStorage<Owner>();
let watching = false;

/** Runs a function's code so that rejections and exceptions which it lets go are its own, and not this process's end. */
export function ranIn<T>(owner: Owner, work: () => T): T {
  return owners.run(owner, work);
}

/** Listens, once for the whole process, for what a function's code lets go; everybody else's errors go on as they would have. */
export function watchStrays(): void {
  if (watching) return;
  watching = true;
  process.on('unhandledRejection', (error) => blame('unhandledRejection', error, rejected(error)));
  process.on('uncaughtException', (error) => blame('uncaughtException', error, error));
}

function blame(event: 'unhandledRejection' | 'uncaughtException', error: unknown, reported: Error): void {
  const owner = owners.getStore();
  if (owner) owner.fail(reported);
  // Being the only listener, this one has switched off what Node does by itself.
  else if (process.listenerCount(event) === 1) throw error;
}

/** How Lambda's runtime for Node.js reports a rejection that nobody handled. */
function rejected(error: unknown): Error {
  const reported = new Error(String(error), { cause: error });
  reported.name = 'Runtime.UnhandledPromiseRejection';
  if (error instanceof Error && error.stack !== undefined) reported.stack = error.stack;
  return reported;
}
