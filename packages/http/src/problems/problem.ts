import { STATUS_CODES } from 'node:http';

/** The parts of a `Problem`. */
export interface ProblemOptions {
  /** The HTTP status, from 400 to 599. */
  status: number;
  /** Stable, for programs: `ERR_…`. */
  code: string;
  /** For people: what was wrong, and what to do. It is sent to the client, so it must hold no path and no stack. */
  detail: string;
  /**
   * The part of the request that was wrong: a form field, a JSON property, a header.
   * @default none
   */
  field?: string | undefined;
  /**
   * Time until another attempt makes sense, in s. Becomes the header `Retry-After`.
   * @default none
   */
  retryAfter?: number | undefined;
  /**
   * More headers of the answer.
   * @default none
   */
  headers?: Readonly<Record<string, string>> | undefined;
  /**
   * More members of the document.
   * @default none
   */
  members?: Readonly<Record<string, string | number | boolean>> | undefined;
  /**
   * The underlying error. It is not sent.
   * @default none
   */
  cause?: unknown;
}

/** A problem document, as RFC 9457 defines it. */
export interface ProblemDocument {
  /** Always `about:blank`: the status and the code say which problem it is. */
  readonly type: string;
  /** The name of the status. */
  readonly title: string;
  /** The HTTP status. */
  readonly status: number;
  /** For people: what was wrong, and what to do. */
  readonly detail: string;
  /** Stable, for programs. */
  readonly code: string;
  /** The part of the request that was wrong. */
  readonly field?: string;
  readonly [member: string]: unknown;
}

const BRAND = Symbol.for('@dual/http/Problem');

/** A request that cannot be answered as asked. `JSON.stringify` makes a problem document of it (RFC 9457). */
export class Problem extends Error {
  override readonly name = 'Problem';
  /** The HTTP status. */
  readonly status: number;
  /** Stable, for programs: `ERR_…`. */
  readonly code: string;
  /** The part of the request that was wrong. */
  readonly field: string | undefined;
  /** Headers of the answer, with names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly #members: Readonly<Record<string, string | number | boolean>>;

  constructor({
    status,
    code,
    detail,
    field,
    retryAfter,
    headers,
    members = {},
    ...options
  }: ProblemOptions) {
    super(detail, options);
    this.status = status;
    this.code = code;
    this.field = field;
    this.headers = { ...headers, ...(retryAfter === undefined ? {} : { 'retry-after': `${retryAfter}` }) };
    this.#members = members;
  }

  /** Recognizes the problems of a second copy of this package too: its CommonJS build has one. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && BRAND in value;
  }

  static {
    Object.defineProperty(this.prototype, BRAND, { value: true });
  }

  /** The document that is sent. */
  toJSON(): ProblemDocument {
    const { status, message, code, field } = this;
    return {
      type: 'about:blank',
      title: STATUS_CODES[status] ?? 'Error',
      status,
      detail: message,
      code,
      ...(field === undefined ? {} : { field }),
      ...this.#members,
    };
  }
}
