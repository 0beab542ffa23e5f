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

/** A document with the section in it, between its two markers; whatever else it says stays as it is. */
export function withSection(document: string | undefined, section: string): string {
  const text = document ?? FRAME;
  const replaced = replaceMarked(text, 'channel', section);
  return replaced ?? `${text.trimEnd()}\n\n## The channel\n\n${BEGIN}\n\n${section}\n\n${END}\n`;
}

/** What the document says about a run: how it was made, its table, how to read it. */
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
  'Each contender has one worker. They take turns of 25 to 250 ms at each task, round after round, in one process, and the figures are medians over turns.',
  'The payload crosses both ways; in the _sink_ columns it crosses once, and a small object comes back. _×64_ and _×8_ are that many calls under way at once, and then the time is elapsed time over calls. CPU is user and system time of both ends.',
  '_Loop delay_ is how late the event loop of the calling process is in ms (99th percentile) while 602 KB tensors are echoed, eight under way. The second block divides by the first row: above 1× is slower than it.',
].join(' ');

function failures({ lines }: Outcome): string[] {
  return lines.flatMap(({ contender, failure }) =>
    failure === undefined ? [] : [`${contender.title} failed: ${failure}.`],
  );
}
