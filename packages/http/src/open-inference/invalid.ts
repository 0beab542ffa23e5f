import { Problem } from '../problems/problem.js';

/** The request is malformed, or does not fit the model. */
export function invalid(detail: string, cause?: unknown): Problem {
  return new Problem({ status: 400, code: 'ERR_INFERENCE_REQUEST', detail, cause });
}

/** The elements of an output have no form in JSON. */
export function inexpressible(name: string, what: string): Problem {
  return new Problem({
    status: 422,
    code: 'ERR_OUTPUT_NOT_JSON',
    detail: `The output ${name} has ${what}, which JSON cannot express. Request it as binary data.`,
  });
}
