import type { Request } from 'express';

import { Problem } from './problem.js';

/**
 * The media type to answer in, out of those this route has.
 *
 * @param offered The first is for clients that take anything.
 * @throws {Problem} 406
 */
export function negotiate<T extends string>(request: Request, offered: readonly [T, ...T[]]): T {
  const chosen = request.accepts([...offered]);
  const type = offered.find((one) => one === chosen);
  if (type === undefined) {
    throw new Problem({
      status: 406,
      code: 'ERR_NOT_ACCEPTABLE',
      detail: `This address answers with ${offered.join(', ')}, and the request's Accept header takes none of them.`,
      field: 'Accept',
    });
  }
  return type;
}
