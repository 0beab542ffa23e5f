import type { Request } from 'express';

import { Problem } from './problem.js';

/**
 * Chooses the media type of the answer.
 *
 * @param offered Media types of this route. The first one is for clients that accept any type.
 * @throws {Problem} When the client accepts none of them (406).
 */
export function negotiate<T extends string>(request: Request, offered: readonly [T, ...T[]]): T {
  const chosen = request.accepts([...offered]);
  const type = offered.find((one) => one === chosen);
  if (type === undefined) {
    throw new Problem({
      status: 406,
      code: 'ERR_NOT_ACCEPTABLE',
      detail: `The Accept header allows no media type of this address. Use one of ${offered.join(', ')}.`,
      field: 'Accept',
    });
  }
  return type;
}
