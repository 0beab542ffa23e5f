import type { Summary } from '../stats.js';
import { threeDigits, times } from './format.js';
import { markdownTable } from './markdown.js';
import type { Line, Outcome } from './outcome.js';

/** A column of the table. It shows one figure of one task. */
interface Column {
  readonly title: string;
  readonly task: string;
  readonly value: (summary: Summary) => number | undefined;
  readonly cpu: (summary: Summary) => number | undefined;
}

/** The table of a run, with a block of rows per measure and at least one column per task. */
export function table({ tasks, lines }: Outcome): string {
  const columns = tasks.flatMap(({ name, title, watchesLoop }): Column[] => [
    { title, task: name, value: ({ time }) => time, cpu: ({ cpu }) => cpu },
    ...(watchesLoop
      ? [
          {
            title: 'loop delay',
            task: name,
            value: ({ loopDelay }: Summary) => loopDelay,
            cpu: () => undefined,
          },
        ]
      : []),
  ]);
  const reference = lines[0];
  const block = (title: string, cell: (line: Line, column: Column) => string): string[][] => [
    [`**${title}**`],
    ...lines.map((line) => [line.contender.title, ...columns.map((column) => cell(line, column))]),
  ];
  const figure = (line: Line, { task }: Column, pick: (summary: Summary) => number | undefined): string => {
    const summary = line.summaries.get(task);
    const value = summary && pick(summary);
    if (value !== undefined) return threeDigits(value);
    return line.failure === undefined ? '–' : 'failed';
  };
  return markdownTable(
    ['', ...columns.map(({ title }) => title)],
    [
      ...block('µs per call', (line, column) => figure(line, column, column.value)),
      ...block(`compared with ${reference?.contender.title ?? 'the first'}`, (line, column) =>
        times(valueOf(line, column), reference && valueOf(reference, column)),
      ),
      ...block('CPU µs per call', (line, column) => figure(line, column, column.cpu)),
    ],
  );
}

function valueOf({ summaries }: Line, { task, value }: Column): number | undefined {
  const summary = summaries.get(task);
  return summary && value(summary);
}
