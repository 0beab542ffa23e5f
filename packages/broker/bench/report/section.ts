import { type Circumstances, describeRun } from './machine.js';
import { replaceMarked } from './marked.js';
import type { Outcome } from './outcome.js';
import { table } from './table.js';

const BEGIN = '<!-- channel:begin -->';
const END = '<!-- channel:end -->';

const FRAME = `# Benchmarks

## The channel

${BEGIN}
${END}
`;

/** Puts the section between its two markers, and leaves the rest of the document as it is. */
export function withSection(document: string | undefined, section: string): string {
  const text = document ?? FRAME;
  const replaced = replaceMarked(text, 'channel', section);
  return replaced ?? `${text.trimEnd()}\n\n## The channel\n\n${BEGIN}\n\n${section}\n\n${END}\n`;
}

/** The section about a run: how it was made, its table, and how to read that. */
export function channelSection(outcome: Outcome, circumstances: Circumstances): string {
  const settings = outcome.lines.map(({ contender }) => `- ${contender.title}: ${contender.settings}.`);
  return [
    describeRun(circumstances, outcome.rounds),
    '![Time per call of a small message and of tensors](channel.svg)',
    table(outcome),
    EXPLANATION,
    settings.join('\n'),
    ...failures(outcome),
  ].join('\n\n');
}

const EXPLANATION = [
  'Each contender has one worker. All contenders run in one process. They take turns of 25 to 250 ms at each task, round after round, and the figures are medians over turns.',
  'The payload crosses both ways. In the _sink_ columns it crosses once, and a small object comes back. _×64_ and _×8_ are the number of calls in flight at once; the time is then elapsed time divided by calls. CPU is the user and system time of both ends.',
  '_Loop delay_ is the delay of the event loop of the calling process in ms (99th percentile) while 602 KB tensors are echoed, eight in flight. The second block divides by the first row: a contender above 1× is slower than that row.',
].join(' ');

function failures({ lines }: Outcome): string[] {
  return lines.flatMap(({ contender, failure }) =>
    failure === undefined ? [] : [`${contender.title} failed: ${failure}.`],
  );
}
