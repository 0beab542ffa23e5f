import type { BrokerErrorCode } from '@dual/broker';

/** How an error with a certain code is answered. */
export interface Answer {
  /** The HTTP status. */
  readonly status: number;
  /** The text for the client. */
  readonly detail: string;
  /** Time until another attempt makes sense, in s. */
  readonly retryAfter?: number;
}

/** The answer to every error of the broker, by its code. The broker's own messages may name paths, and are not sent. */
export const ANSWERS: Readonly<Record<BrokerErrorCode, Answer>> = {
  ERR_DUAL_BATCH_RESULT: { status: 500, detail: 'The computation gave no result for this request.' },
  ERR_DUAL_BROKER_CLOSED: {
    status: 503,
    detail: 'The service is shutting down. Try again later.',
    retryAfter: 10,
  },
  ERR_DUAL_CALL_CANCELLED: {
    status: 503,
    detail: 'The computation was cancelled before it had finished. Try again.',
    retryAfter: 1,
  },
  ERR_DUAL_CALL_TIMEOUT: { status: 504, detail: 'The computation took too long for this request.' },
  ERR_DUAL_DUPLICATE_KEY: {
    status: 422,
    detail: 'A request with this key and other content is in progress. Use another key.',
  },
  ERR_DUAL_INVALID_OPTION: { status: 500, detail: 'The service is configured wrongly.' },
  ERR_DUAL_MEMORY_LIMIT: {
    status: 503,
    detail: 'The computation needed too much memory. Send a smaller input, or try again in a moment.',
    retryAfter: 2,
  },
  ERR_DUAL_PIPELINE_START: {
    status: 503,
    detail: 'The computation is not running. Try again later.',
    retryAfter: 10,
  },
  ERR_DUAL_PROCESS_EXIT: {
    status: 503,
    detail:
      'The process of the computation ended during this request. A new one is starting. Try again in a moment.',
    retryAfter: 2,
  },
  ERR_DUAL_PROTOCOL: {
    status: 503,
    detail:
      'The process of the computation failed during this request. A new one is starting. Try again in a moment.',
    retryAfter: 2,
  },
  ERR_DUAL_QUEUE_FULL: {
    status: 429,
    detail: 'Too many requests are already waiting. Try again in a moment.',
    retryAfter: 1,
  },
  ERR_DUAL_QUEUE_TIMEOUT: {
    status: 504,
    detail: 'The request waited too long for its turn. Try again in a moment.',
  },
  ERR_DUAL_SERIALIZATION: {
    status: 500,
    detail: 'The computation cannot handle the values of this request.',
  },
  ERR_DUAL_UNKNOWN_METHOD: { status: 500, detail: 'The service calls a method that does not exist.' },
};

/** The HTTP status of every error of the broker, by its code. */
export const STATUSES = Object.freeze(
  Object.fromEntries(Object.entries(ANSWERS).map(([code, { status }]) => [code, status])),
) as Readonly<Record<BrokerErrorCode, number>>; // fromEntries forgets the names
