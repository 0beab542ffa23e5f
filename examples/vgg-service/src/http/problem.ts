import { STATUS_CODES } from 'node:http';

export interface ProblemOptions extends ErrorOptions {
  /** The HTTP status, 400 to 599. */
  status: number;
  /** Stable, for programs: `ERR_…`. */
  code: string;
  /** For people: what was wrong and what to do. It must not contain a path or a stack trace. */
  detail: string;
  /** The part of the request that was wrong. */
  field?: string | undefined;
  /** Seconds until a new attempt makes sense. */
  retryAfter?: number | undefined;
  headers?: Record<string, string>;
  /** State of the model, if that is the reason. */
  state?: string | undefined;
}

/** A request that the service cannot answer as asked. Its JSON is a problem document (RFC 9457). */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly status: number;
  readonly code: string;
  readonly field: string | undefined;
  readonly state: string | undefined;
  readonly headers: Record<string, string>;

  constructor({ status, code, detail, field, retryAfter, headers, state, ...options }: ProblemOptions) {
    super(detail, options);
    this.status = status;
    this.code = code;
    this.field = field;
    this.state = state;
    this.headers = { ...headers, ...(retryAfter === undefined ? {} : { 'retry-after': `${retryAfter}` }) };
  }

  get title(): string {
    return STATUS_CODES[this.status] ?? 'Error';
  }

  toJSON() {
    return {
      type: 'about:blank',
      title: this.title,
      status: this.status,
      detail: this.message,
      code: this.code,
      field: this.field,
      state: this.state,
    };
  }
}
