import type { Iam } from './iam/iam.ts';
import { refuseMembers } from './services/refused-members.ts';
import { AwsError, type CallContext, type Caller, type Faults, type Input, type Random, type Service, type ServiceOperation } from './types.ts';

/** Every call to a service, whoever makes it and however it comes: faults, IAM, the operation, the count. */
export interface Calls {
  /** Runs an operation in the caller's account and Region. @throws AwsError as AWS answers it */
  invoke(caller: Caller, service: string, operation: string, input: Input): Promise<Input>;
  /** `ssm:SendCommand` → how often it was called, refused calls included. */
  counts(): Record<string, number>;
}

export interface CallsOptions {
  services: Service[];
  iam: Iam;
  /** Where request ids come from, and nothing else. */
  random: Random;
  faults: Faults;
  /** Told of every operation that has run. */
  ran?: (service: string) => void;
}

/** @returns the one door to all services */
export function createCalls({ services, iam, random, faults, ran = () => undefined }: CallsOptions): Calls {
  const byName = new Map(services.map((service) => [service.name, service]));
  const counts: Record<string, number> = {};

  function find(service: string, operation: string): ServiceOperation {
    const known = byName.get(service)?.operations[operation];
    if (known) return known;
    throw new AwsError('NotImplemented', `The embedded AWS does not know the operation ${operation} of ${service}`, 501);
  }

  function fault(when: 'before' | 'after', context: CallContext, input: Input): void {
    const error = faults.call?.(when, context, input);
    if (error) throw error;
  }

  return {
    counts: () => ({ ...counts }),
    async invoke(caller, service, operation, input) {
      const found = find(service, operation);
      const name = `${service}:${operation}`;
      // What a laptop's owner looks at is not what the service used.
      if (caller.administrator !== true) counts[name] = (counts[name] ?? 0) + 1;
      const { account, region } = caller;
      const context: CallContext = { caller, account, region, service, operation, requestId: random.uuid() };
      fault('before', context, input);
      for (const request of found.access(input, context)) iam.authorize(caller, request, { service, region });
      refuseMembers(name, input);
      const output: Input = await found.run(input, context);
      ran(service);
      fault('after', context, input);
      return output;
    },
  };
}
