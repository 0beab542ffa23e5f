import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { expect, test } from '@jest/globals';

import { temporaryFolder } from '../support/temporary.js';

const broker = fileURLToPath(new URL('../../', import.meta.url));
const document = readFileSync(join(broker, '../../docs/observability.md'), 'utf8');

interface Span {
  readonly text: string;
  readonly name: string | undefined;
  readonly id: string | undefined;
  readonly traceId: string | undefined;
  /** The id of its parent span. */
  readonly parent: string | undefined;
}

/** Writes the files of the document into a folder from which they can import their packages. */
function exampleFolder(): string {
  const folder = temporaryFolder();
  for (const [, name = '', code = ''] of document.matchAll(/^```js\n\/\/ (\S+)\n(.*?)^```/gms))
    writeFileSync(join(folder, name), code);
  mkdirSync(join(folder, 'node_modules/@dual'), { recursive: true });
  symlinkSync(broker, join(folder, 'node_modules/@dual/broker'));
  symlinkSync(join(broker, 'node_modules/@opentelemetry'), join(folder, 'node_modules/@opentelemetry'));
  return folder;
}

/** Parses the output of OpenTelemetry's console exporter, which prints spans with `console.dir`. */
function readSpans(output: string): Span[] {
  const first = (text: string, pattern: RegExp): string | undefined => pattern.exec(text)?.[1];
  return output
    .split(/^}$/m)
    .filter((text) => text.includes('traceId'))
    .map((text) => ({
      text,
      name: first(text, /^ {2}name: '(.*?)'/m),
      id: first(text, /^ {2}id: '(.*?)'/m),
      traceId: first(text, /^ {2}traceId: '(.*?)'/m),
      parent: first(text, /parentSpanContext: \{.*?spanId: '(.*?)'/s),
    }));
}

test('the OpenTelemetry example of the docs gives one trace through both processes', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [join(exampleFolder(), 'main.mjs')]);
  const spans = readSpans(stdout);
  const named = (name: string): Span[] => spans.filter((span) => span.name === name);
  const [request] = named('request');
  expect(request?.parent).toBeUndefined();
  expect(new Set(spans.map(({ traceId }) => traceId))).toEqual(new Set([request?.traceId]));
  expect(named('predict').map(({ parent }) => parent)).toEqual([request?.id, request?.id]);
  expect(named('predict').map(({ text }) => text.includes('TypeError'))).toEqual([false, true]);
  expect(named('infer').map(({ parent }) => parent)).toEqual(named('predict').map(({ id }) => id));
});
