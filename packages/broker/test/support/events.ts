import { once } from 'node:events';

import type { Broker, BrokerState, ProcessExit } from '@dual/broker';

/** Resolves when the child has written this line. Call it before the child can write the line. */
export function line(broker: Broker, wanted: string): Promise<void> {
  return new Promise((resolve) => {
    const listener = (text: string): void => {
      if (text !== wanted) return;
      broker.off('output', listener);
      resolve();
    };
    broker.on('output', listener);
  });
}

/** Resolves when the broker is in this state. */
export async function state(broker: Broker, wanted: BrokerState): Promise<void> {
  while (broker.state !== wanted) await once(broker, 'state');
}

/** Resolves when a child process of the broker has ended. */
export async function exit(broker: Broker): Promise<ProcessExit> {
  return new Promise((resolve) => broker.once('exit', resolve));
}

/** Resolves to the process id of the next child. */
export async function spawned(broker: Broker): Promise<number> {
  return new Promise((resolve) => {
    broker.once('spawn', ({ pid }) => {
      resolve(pid);
    });
  });
}
