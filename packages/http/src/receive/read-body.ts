import type { IncomingMessage } from 'node:http';

import { sizeText } from '../answer/bytes.js';
import { asError } from '../problems/as-error.js';
import { ClientGone } from '../problems/client-gone.js';
import { Problem } from '../problems/problem.js';
import { type TimeLimits, watchTime } from '../time/time-limits.js';
import { discardRest } from './discard-rest.js';

/** Bounds of one body. */
export interface BodyLimits {
  /** Longest body, in bytes. */
  readonly maxBytes: number;
  /** The limit that the error names, in bytes, if `maxBytes` has some room for what is around an input. */
  readonly shownLimit?: number;
  /** How long the upload may take. */
  readonly times: TimeLimits;
  /** Called with the length of each chunk. It may throw. */
  readonly take: (bytes: number) => void;
}

/**
 * Reads a body chunk by chunk.
 * @param onChunk Called with each chunk. It may throw.
 * @throws {Problem} 413: the body is too long. 408: it comes too slowly. Also what `take` and `onChunk` throw.
 * @throws {ClientGone} If the client closed the connection.
 */
export async function readChunks(
  req: IncomingMessage,
  limits: BodyLimits,
  onChunk: (chunk: Buffer) => void,
): Promise<void> {
  const { maxBytes, shownLimit = maxBytes, times, take } = limits;
  const announced = Number(req.headers['content-length'] ?? 0);
  if (req.readableEnded && announced > 0) throw alreadyRead();
  if (req.destroyed && !req.complete) throw new ClientGone();
  // Before the client was told to go on (Expect: 100-continue), it sends nothing.
  if (announced > maxBytes) {
    discardRest(req);
    throw tooLarge(shownLimit);
  }
  let received = 0;
  let stop: () => void = () => undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      const watch = watchTime({ total: times.total ?? 60_000, idle: times.idle ?? 10_000 }, (limit, ms) => {
        reject(tooSlow(limit, ms));
      });
      const onData = (chunk: unknown): void => {
        watch.alive();
        try {
          if (!(chunk instanceof Buffer))
            throw new TypeError('The body must arrive as bytes: call no setEncoding');
          received += chunk.length;
          if (received > maxBytes) throw tooLarge(shownLimit);
          take(chunk.length);
          onChunk(chunk);
        } catch (error) {
          reject(asError(error));
        }
      };
      const onClose = (): void => {
        if (!req.complete) reject(new ClientGone());
      };
      stop = () => {
        watch.stop();
        req.off('data', onData).off('end', resolve).off('close', onClose).off('error', onClose);
      };
      req.on('data', onData).on('end', resolve).on('close', onClose).on('error', onClose);
      if (req.readableEnded) resolve();
    });
  } catch (error) {
    stop();
    discardRest(req);
    throw error;
  }
  stop();
}

/** Reads a body into memory: see `readChunks`. */
export async function readBody(req: IncomingMessage, limits: BodyLimits): Promise<Buffer> {
  const chunks: Buffer[] = [];
  await readChunks(req, limits, (chunk) => chunks.push(chunk));
  return Buffer.concat(chunks);
}

/** The body is longer than the limit. */
export function tooLarge(limit: number): Problem {
  return new Problem({
    status: 413,
    code: 'ERR_BODY_TOO_LARGE',
    detail: `The body of the request exceeds the limit of ${sizeText(limit)}. Send a smaller one.`,
  });
}

function tooSlow(limit: keyof TimeLimits, ms: number): Problem {
  const what =
    limit === 'total' ? 'The body of the request took more than' : 'Nothing of the body arrived for';
  return new Problem({
    status: 408,
    code: 'ERR_BODY_TOO_SLOW',
    detail: `${what} ${ms / 1_000} s. Send it faster.`,
    headers: { connection: 'close' },
  });
}

function alreadyRead(): Error {
  return new Error(
    'The body of the request was already read, for example by express.json(). Call receive() before any body parser.',
  );
}
