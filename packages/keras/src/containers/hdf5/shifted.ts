import { closeSync, readSync } from 'node:fs';

import type { H5Module } from './hdf5-library.js';

/** An open file of Emscripten's file system. With `stream_ops`, these functions read it. */
interface Stream {
  nfd: number;
  position: number;
  stream_ops?: {
    read: (stream: Stream, buffer: Uint8Array, offset: number, length: number, position: number) => number;
    llseek: (stream: Stream, offset: number, whence: number) => number;
  };
}

/** The part of Emscripten's file system that opens files. h5wasm's types describe another version of it. */
interface FileSystem {
  open: (path: string, flags: number, mode?: number) => Stream;
  close: (stream: Stream) => void;
}

/** The file systems whose `close` knows our streams. There is one for each copy of the library. */
const prepared = new WeakSet<FileSystem>();

const SEEK_CUR = 1;

/**
 * Runs synchronous work during which every file that the HDF5 library opens seems to begin at `base`. So it can read an
 * HDF5 file that lies uncompressed within a zip archive, without a copy.
 */
export function shifted<T>(library: H5Module, base: number, work: () => T): T {
  if (base === 0) return work();
  const files = library.FS as unknown as FileSystem;
  prepare(files);
  const { open } = files;
  files.open = (path, flags, mode) => {
    const stream = open(path, flags, mode);
    stream.stream_ops = {
      read: ({ nfd }, buffer, offset, length, position) =>
        readSync(nfd, buffer, offset, length, base + position),
      llseek: ({ position }, offset, whence) => (whence === SEEK_CUR ? position + offset : offset),
    };
    ours.add(stream);
    return stream;
  };
  try {
    return work();
  } finally {
    files.open = open;
  }
}

const ours = new WeakSet<Stream>();

/** The file system closes only files that it reads itself. */
function prepare(files: FileSystem): void {
  if (prepared.has(files)) return;
  prepared.add(files);
  const { close } = files;
  files.close = (stream) => {
    close(stream);
    if (ours.has(stream)) closeSync(stream.nfd);
  };
}
