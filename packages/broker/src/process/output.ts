import process from 'node:process';
import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

import type { OutputInfo, OutputOption } from '../options/options.js';

/** A longer line is passed on in parts. In UTF-16 code units. */
const MAX_LINE = 64 * 1024;
/** The part of stderr that is kept for errors, in UTF-16 code units. */
const TAIL = 4 * 1024;

export interface OutputReaderOptions {
  readonly output: OutputOption;
  readonly info: OutputInfo;
  /** Whether somebody listens for single lines. */
  readonly wantsLines: () => boolean;
  readonly onLine: (line: string, info: OutputInfo) => void;
}

/** Passes on the output of a child on one of its standard streams, and remembers its end. */
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
    // Output that can no longer be read is not worth an uncaught exception.
    stream.on('error', () => undefined);
  }

  /** The last lines; a first line that was cut is left out. */
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

/** Applies backpressure: the child waits for its output to be read, as if it wrote to the terminal itself. */
function passOn(chunk: Buffer, from: Readable, terminal: NodeJS.WriteStream): void {
  const flows = terminal.write(chunk, (error) => {
    // If nobody reads the terminal any longer (`node service.js | head`), the output is lost, as that of console.log
    // is. A child that prints must not end this program.
    if (error && terminal.listenerCount('error') === 0) terminal.once('error', () => undefined);
    from.resume();
  });
  if (!flows) from.pause();
}
