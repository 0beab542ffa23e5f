import { type FSWatcher, statSync, watch } from 'node:fs';
import { basename, dirname } from 'node:path';

import { after } from '../timer.js';

/** Events within this time, in ms, are one change: an editor may write a file in several steps. */
const SETTLED = 50;

/** Watches the files that a pipeline consists of. It does not keep the program running. */
export class SourceWatcher {
  readonly #onChange: () => void;
  /** By path: the version of the file that was loaded. */
  readonly #versions = new Map<string, string>();
  /** By path. Folders and not files are watched, because many editors save a file by replacing it. */
  readonly #folders = new Map<string, FSWatcher>();
  readonly #touched = new Set<string>();
  #settling: NodeJS.Timeout | undefined;
  #closed = false;

  /** @param onChange Called when at least one of the files has another content. */
  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  /** @param files Absolute paths of files that a process has loaded. */
  add(files: readonly string[]): void {
    // A call that still runs may load further files.
    if (this.#closed) return;
    for (const file of files) {
      const version = versionOf(file);
      if (version !== undefined && !this.#versions.has(file)) this.#versions.set(file, version);
      this.#watch(dirname(file));
    }
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#settling);
    for (const watcher of this.#folders.values()) watcher.close();
    this.#folders.clear();
  }

  #watch(folder: string): void {
    if (this.#folders.has(folder)) return;
    let watcher: FSWatcher;
    try {
      watcher = watch(folder, { persistent: false });
    } catch {
      return; // The folder has gone, or the system has no watcher left.
    }
    this.#folders.set(folder, watcher);
    // Some systems do not tell the name.
    watcher.on('change', (_, name: string | Buffer | null) => {
      for (const file of this.#versions.keys())
        if (dirname(file) === folder && (name === null || basename(file) === String(name)))
          this.#touched.add(file);
      clearTimeout(this.#settling);
      this.#settling = after(SETTLED, () => {
        this.#compare();
      });
    });
    watcher.on('error', () => {
      watcher.close();
      this.#folders.delete(folder);
    });
  }

  #compare(): void {
    let changed = false;
    for (const file of this.#touched) {
      const version = versionOf(file);
      // A file that is missing now cannot be loaded: wait until it is written again.
      if (version === undefined || version === this.#versions.get(file)) continue;
      this.#versions.set(file, version);
      changed = true;
    }
    this.#touched.clear();
    if (changed) this.#onChange();
  }
}

/** `undefined` if there is no such file, or this process may not look at it. */
function versionOf(file: string): string | undefined {
  try {
    const { mtimeMs, size, ino } = statSync(file);
    return `${mtimeMs} ${size} ${ino}`;
  } catch {
    return undefined;
  }
}
