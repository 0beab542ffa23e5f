import { expect, test } from '@jest/globals';
import { check } from 'prettier';

import { channelSection, withSection } from '../../bench/report/section.js';
import { outcomeLine, outcomeOf, someCircumstances } from '../support/outcomes.js';

const BEGIN = '<!-- channel:begin -->';
const END = '<!-- channel:end -->';

const outcome = outcomeOf(
  ['small', '602k-stream'],
  outcomeLine('ours', { small: { time: 20, cpu: 30 }, '602k-stream': { time: 500, loopDelay: 2 } }),
  outcomeLine('theirs', { small: 50 }, 'no answer within 30 s'),
);

test('replaces only the text between the markers', () => {
  const before = `# Benchmarks\n\nBy hand.\n\n${BEGIN}\n\nold\n\n${END}\n\n## More\n\nAlso by hand.\n`;
  expect(withSection(before, 'new')).toBe(before.replace('old', 'new'));
});

test('replaces the whole section of an earlier run', () => {
  const once = withSection(undefined, 'first');
  expect(withSection(once, 'second')).toBe(withSection(undefined, 'second'));
});

test('appends the markers and the section to a document without markers', () => {
  expect(withSection('# Benchmarks\n\nBy hand.\n', 'new')).toBe(
    `# Benchmarks\n\nBy hand.\n\n## The channel\n\n${BEGIN}\n\nnew\n\n${END}\n`,
  );
});

test('names the machine, the date, the command and the versions of the run', () => {
  const section = channelSection(outcome, someCircumstances);
  for (const part of [
    'Some CPU (2 cores)',
    '2026-11-22',
    'npm run bench -- --pin',
    'Node 20.20.2',
    'piscina 5.3.2',
  ]) {
    expect(section).toContain(part);
  }
  expect(section).toContain('theirs failed: no answer within 30 s.');
});

test('writes a document that Prettier accepts', async () => {
  const document = withSection(undefined, channelSection(outcome, someCircumstances));
  expect(await check(document, { parser: 'markdown', printWidth: 110 })).toBe(true);
});
