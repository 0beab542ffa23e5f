import process from 'node:process';
import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

import type { OutputInfo, OutputOption } from '../options/options.js';

/** A line longer than this is passed on in parts. */
const MAX_LINE = 64 * 1024;
/** So much of stderr is kept, to be shown in errors. */
const TAIL = 4 * 1024;

export interface OutputReaderOptions {
  readonly output: OutputOption;
  readonly info: OutputInfo;
  /** Whether anybody wants single lines. */
  readonly wantsLines: () => boolean;
  /** Called with each line. */
  readonly onLine: (line: string, info: OutputInfo) => void;
}

/** Passes on what a child writes to one of its standard streams, and remembers the end of it. */
export class OutputReader {
  readonly #options: OutputReaderOptions;
  readonly #decoder = new StringDecoder('utf8');
  #line = '';
  #tail = '';

  constructor(stream: Readable, options: OutputReaderOptions) {
    this.#options = options;
    const { output, info } = options;
    const terminal = output === 'inherit' ? process[info.stream] : undefined;
    stream.on('data', (chunk: Buffer) => {
      this.#take(this.#decoder.write(chunk));
      if (terminal !== undefined) passOn(chunk, stream, terminal);
    });
    stream.on('end', () => {
      this.#take(this.#decoder.end());
      if (this.#line !== '') this.#emit(this.#line);
    });
    // What cannot be read any more is not worth an uncaught exception.
    stream.on('error', () => undefined);
  }

  /** The last lines, whole ones as far as there are any. */
  get tail(): string {
    const tail = this.#tail.trimEnd();
    if (this.#tail.length < TAIL) return tail;
    const firstBreak = tail.indexOf('\n');
    return firstBreak === -1 ? tail : tail.slice(firstBreak + 1);
  }

  #take(text: string): void {
    this.#tail = (this.#tail + text).slice(-TAIL);
    if (!this.#options.wantsLines()) return;
    const lines = (this.#line + text).split('\n');
    this.#line = lines.pop() ?? '';
    for (const line of lines) this.#emit(line.endsWith('\r') ? line.slice(0, -1) : line);
    for (; this.#line.length > MAX_LINE; this.#line = this.#line.slice(MAX_LINE))
      this.#emit(this.#line.slice(0, MAX_LINE));
  }

  #emit(line: string): void {
    this.#options.onLine(line, this.#options.info);
  }
}

/** The child waits for its output to be read, as it would if it wrote there itself; nothing piles up here. */
function passOn(chunk: Buffer, from: Readable, terminal: NodeJS.WriteStream): void {
  const flows = terminal.write(chunk, (error) => {
    // Where nobody reads it any more, as in `node service.js | head`, it is lost, as that of console.log is: what a
    // child prints must not end this program.
    if (error && terminal.listenerCount('error') === 0) terminal.once('error', () => undefined);
    from.resume();
  });
  if (!flows) from.pause();
}
