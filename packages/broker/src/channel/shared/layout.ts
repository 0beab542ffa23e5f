export interface SharedMemorySettings {
  /** Size of the memory for one process, in bytes. */
  readonly size: number;
  /** Shorter buffers, in bytes, go through the pipes. */
  readonly threshold: number;
  /** Path of koffi's main file. */
  readonly koffi: string;
}

/**
 * The layout of the memory that a broker and its child both map:
 *
 * | from | to | content |
 * | --- | --- | --- |
 * | 0 | 4 | u32: number of the child's frames with places in this memory that the broker has read, modulo 2³² |
 * | 64 | half | buffers from the broker; only the broker allocates here |
 * | half | size | buffers from the child; only the child allocates here |
 */
export interface Span {
  readonly offset: number;
  readonly length: number;
}

/** Every allocation begins at a multiple of this: a cache line, and a multiple of every element size. In bytes. */
export const ALIGNMENT = 64;

/** Most bytes of one message that go through shared memory. They are copied at once, which must not take long. */
export const MAX_SHARED_BYTES = 16 * 1024 * 1024;

/** A frame with more buffers goes through the pipes: the table of their places would be too long. */
export const MAX_PLACES = 1024;

/** Least threshold, in bytes. A place for a smaller buffer costs more than it saves. */
export const MIN_THRESHOLD = 16 * 1024;

export function brokerSpan(size: number): Span {
  return { offset: ALIGNMENT, length: half(size) - ALIGNMENT };
}

export function childSpan(size: number): Span {
  return { offset: half(size), length: size - half(size) };
}

export function contains(outer: Span, inner: Span): boolean {
  return inner.offset >= outer.offset && inner.offset + inner.length <= outer.offset + outer.length;
}

function half(size: number): number {
  return Math.floor(size / 2 / ALIGNMENT) * ALIGNMENT;
}
