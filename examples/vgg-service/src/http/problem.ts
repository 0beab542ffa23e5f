import { STATUS_CODES } from 'node:http';

export interface ProblemOptions extends ErrorOptions {
  status: number;
  /** Stable, for programs: `ERR_…`. */
  code: string;
  /** For people: what was wrong and what to do. Never a path, never a stack. */
  detail: string;
  /** The part of the request that was wrong. */
  field?: string | undefined;
  /** Seconds after which trying again makes sense. */
  retryAfter?: number | undefined;
  headers?: Record<string, string>;
  /** What the model's process is doing, where that is the reason. */
  state?: string | undefined;
}

/** A request that cannot be answered as asked, as RFC 9457 describes it. */
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
