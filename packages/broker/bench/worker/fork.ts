import { answer, type Request } from './methods.js';

process.on('message', (request: Request) => {
  process.send?.(answer(request));
});
