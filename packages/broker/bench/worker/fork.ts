import type { Request } from './methods.js';
import { answer } from './methods.js';

process.on('message', (request: Request) => {
  process.send?.(answer(request));
});
