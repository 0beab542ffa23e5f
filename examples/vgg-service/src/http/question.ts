import { Problem, type Received } from '@dual/http';

import type { Question } from '../pipeline.js';

/** Fields of a request beside its images. */
export const FIELDS = ['top_k', 'scores'];

/** Number of classes in an answer, unless the request says otherwise. */
const TOP = 5;

/**
 * Reads what a request wants to know of its images.
 *
 * @param classes Number of classes of the model.
 * @throws {Problem} When a field has no valid value (400).
 */
export function readQuestion(
  { top_k: top, scores }: Received['fields'],
  classes: number,
): Omit<Question, 'pixels'> {
  if (top !== undefined && !(/^\d{1,6}$/.test(top) && Number(top) >= 1))
    throw invalid('top_k', 'an integer from 1');
  if (scores !== undefined && !['true', 'false', '1', '0'].includes(scores))
    throw invalid('scores', 'true or false');
  return {
    top: Math.min(Number(top ?? TOP), classes),
    scores: scores === 'true' || scores === '1',
  };
}

function invalid(field: string, wanted: string): Problem {
  return new Problem({ status: 400, code: 'ERR_FIELD', detail: `${field} must be ${wanted}.`, field });
}
