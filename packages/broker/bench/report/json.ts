import type { Circumstances } from './machine.js';
import type { Outcome } from './outcome.js';

/** All figures of a run, for programs. Times are in µs per call, delays in ms. */
export function asJson({ rounds, lines }: Outcome, circumstances: Circumstances): string {
  const figures = lines.map(({ contender, failure, summaries }) => ({
    name: contender.name,
    title: contender.title,
    settings: contender.settings,
    failure,
    tasks: Object.fromEntries(summaries),
  }));
  return `${JSON.stringify({ ...circumstances, rounds, contenders: figures }, undefined, 2)}\n`;
}
