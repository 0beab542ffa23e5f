import type { Contender } from '../../bench/contender.js';
import type { Circumstances } from '../../bench/report/machine.js';
import type { Line, Outcome } from '../../bench/report/outcome.js';
import type { Summary } from '../../bench/stats.js';
import { tasks } from '../../bench/tasks.js';

/**
 * The results of one contender.
 * @param figures By the name of the task: the time in µs per call, or fields of the summary.
 */
export function outcomeLine(
  name: string,
  figures: Readonly<Record<string, number | Partial<Summary>>>,
  failure?: string,
): Line {
  const contender: Contender = {
    name,
    title: name,
    settings: 'defaults',
    carries: 'bytes',
    open: () => {
      throw new Error('this contender is only reported, and cannot be opened');
    },
  };
  const summaries = Object.entries(figures).map(([task, figure]): [string, Summary] => {
    const given = typeof figure === 'number' ? { time: figure } : figure;
    return [task, { turns: 1, time: 0, best: 0, cpu: 0, loopDelay: undefined, ...given }];
  });
  return { contender, failure, summaries: new Map(summaries) };
}

export function outcomeOf(taskNames: readonly string[], ...lines: readonly Line[]): Outcome {
  return { rounds: 7, tasks: tasks.filter(({ name }) => taskNames.includes(name)), lines };
}

export const someCircumstances: Circumstances = {
  date: '2026-11-22',
  command: 'npm run bench -- --pin',
  cpu: 'Some CPU',
  cores: 2,
  platform: 'linux x64',
  node: 'v20.20.2',
  pinnedTo: 0,
  load: 0.3,
  versions: { '@dual/broker': '0.1.0', piscina: '5.3.2' },
};
