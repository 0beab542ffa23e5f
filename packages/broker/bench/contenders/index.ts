import type { Contender } from '../contender.js';
import { brokerContenders } from './broker.js';
import { forkContender } from './fork.js';
import { jestWorker } from './jest-worker.js';
import { piscinaContender } from './piscina.js';
import { poolifierCluster } from './poolifier.js';
import { bareSockets } from './sockets.js';
import { threadContender } from './thread.js';
import { tinypool } from './tinypool.js';
import { workerpoolProcess } from './workerpool.js';

/** All contenders, in the order of the table. The others are compared with the first one. */
export const contenders: readonly Contender[] = [
  ...brokerContenders(''),
  forkContender('advanced'),
  forkContender('json'),
  bareSockets,
  tinypool,
  workerpoolProcess,
  jestWorker,
  poolifierCluster,
  piscinaContender(
    { name: 'piscina', title: 'piscina (thread)', settings: "atomics 'sync', recordTiming false" },
    1,
  ),
  piscinaContender(
    {
      name: 'piscina-64',
      title: 'piscina (thread), 64 at once',
      settings: 'the same, concurrentTasksPerWorker 64',
    },
    64,
  ),
  threadContender('clone'),
  threadContender('transfer'),
];
