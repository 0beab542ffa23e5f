import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from '@jest/globals';

import { output } from './support/command.js';
import { root } from './support/paths.js';

const SOURCE = 'packages/broker/src/';

interface Cruise {
  modules: { source: string; dependencies: { resolved: string }[] }[];
}

/** `call` of `packages/broker/src/call/progress.ts`, and `errors.ts` of `packages/broker/src/errors.ts`. */
function part(file: string): string {
  return file.slice(SOURCE.length).split('/')[0] ?? '';
}

/** The imports between the folders and top files of the broker, as `from → to`. */
async function imports(): Promise<Map<string, Set<string>>> {
  const cruiser = join(root, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
  const text = await output(process.execPath, [cruiser, SOURCE, '--output-type', 'json'], { cwd: root });
  const { modules } = JSON.parse(text) as Cruise; // its documented form
  const all = new Map<string, Set<string>>();
  for (const { source, dependencies } of modules) {
    const from = part(source);
    const to = all.get(from) ?? new Set();
    for (const { resolved } of dependencies) if (part(resolved) !== from) to.add(part(resolved));
    all.set(from, to);
  }
  return all;
}

/** Leaves out every arrow that follows from others. */
function reduced(all: ReadonlyMap<string, ReadonlySet<string>>): string[] {
  const reaches = (from: string, to: string): boolean =>
    [...(all.get(from) ?? [])].some((next) => next === to || reaches(next, to));
  return [...all].flatMap(([from, targets]) =>
    [...targets]
      .filter((to) => ![...targets].some((other) => other !== to && reaches(other, to)))
      .map((to) => `${from} → ${to}`),
  );
}

test('the picture in docs/architecture.md shows the imports of the broker', async () => {
  const page = readFileSync(join(root, 'docs/architecture.md'), 'utf8');
  const [, picture = ''] = /```mermaid\n([^]*?)```/.exec(page) ?? [];
  const names = new Map(
    [...picture.matchAll(/^ *(\w+)\["?([^"\]]+)"?\]/gm)].map(([, id, name]) => [id, name]),
  );
  const nameOf = (id: string | undefined): string | undefined => names.get(id)?.replace(/\/$/, '') ?? id;
  const drawn = [...picture.matchAll(/^ *(\w+) --> (.+)$/gm)].flatMap(([, from, targets = '']) =>
    targets.split(' & ').map((to) => `${nameOf(from)} → ${nameOf(to)}`),
  );
  expect(drawn.sort()).toEqual(reduced(await imports()).sort());
});
