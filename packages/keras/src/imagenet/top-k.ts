export interface Ranked {
  /** Which class: position in the model's output. */
  index: number;
  /** What the model said of it: a probability after a softmax. */
  score: number;
}

/** The `k` highest scores, highest first; of equal ones the first class first. Fewer where there are fewer classes. */
export function topK(scores: ArrayLike<number>, k: number): Ranked[] {
  return Array.from(scores, (score, index) => ({ index, score }))
    .sort((a, b) => b.score - a.score)
    .slice(0, k);
}
