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

test('only what stands between the markers is written anew', () => {
  const before = `# Benchmarks\n\nBy hand.\n\n${BEGIN}\n\nold\n\n${END}\n\n## More\n\nAlso by hand.\n`;
  expect(withSection(before, 'new')).toBe(before.replace('old', 'new'));
});

test('a second run leaves no trace of the first', () => {
  const once = withSection(undefined, 'first');
  expect(withSection(once, 'second')).toBe(withSection(undefined, 'second'));
});

test('a document without the markers gets them at its end', () => {
  expect(withSection('# Benchmarks\n\nBy hand.\n', 'new')).toBe(
    `# Benchmarks\n\nBy hand.\n\n## The channel\n\n${BEGIN}\n\nnew\n\n${END}\n`,
  );
});

test('the section says on what, when, how and with which versions it was measured', () => {
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

test('a written document is formatted as all others are', async () => {
  const document = withSection(undefined, channelSection(outcome, someCircumstances));
  expect(await check(document, { parser: 'markdown', printWidth: 110 })).toBe(true);
});
