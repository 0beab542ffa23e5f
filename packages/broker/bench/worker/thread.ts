import { parentPort, workerData } from 'node:worker_threads';

import { answer, type Request } from './methods.js';

const TRANSFERS = workerData === 'transfer';

parentPort?.on('message', (request: Request) => {
  const response = answer(request);
  const { result } = response;
  parentPort?.postMessage(
    response,
    TRANSFERS && ArrayBuffer.isView(result) && result.buffer instanceof ArrayBuffer ? [result.buffer] : [],
  );
});
