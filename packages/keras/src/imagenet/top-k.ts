/** A class and its score. */
export interface Ranked {
  /** Index of the class in the model's output. */
  index: number;
  /** The model's output for the class. After a softmax it is a probability from 0 to 1. */
  score: number;
}

/**
 * Finds the classes with the highest scores.
 *
 * @param scores One score for each class: the `data` of a model's output for one image.
 * @param k Number of classes to return.
 * @returns The best `k` classes, highest score first. Equal scores are in the order of their classes. If there are
 * fewer than `k` classes, all of them.
 */
export function topK(scores: ArrayLike<number>, k: number): Ranked[] {
  return Array.from(scores, (score, index) => ({ index, score }))
    .sort((a, b) => b.score - a.score)
    .slice(0, k);
}
