import { parentPort, workerData } from 'node:worker_threads';

import { answer, type Request } from './methods.js';

const transfers = workerData === 'transfer';

parentPort?.on('message', (request: Request) => {
  const response = answer(request);
  const { result } = response;
  parentPort?.postMessage(
    response,
    transfers && ArrayBuffer.isView(result) && result.buffer instanceof ArrayBuffer ? [result.buffer] : [],
  );
});
