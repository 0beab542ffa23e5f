import { Problem } from '@dual/http';
import type { Request, RequestHandler } from 'express';

/**
 * Drops the parameters of media types in `Accept`, such as a charset: no answer depends on them, and Express would match none
 * of its types.
 */
export const plainAccept: RequestHandler = ({ headers }, _response, next) => {
  headers.accept &&= headers.accept.replace(/;\s*(?!q\s*=)[\w-]+\s*=\s*(?:"[^"]*"|[^;,]*)/gi, '');
  next();
};

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
