export interface SharedMemorySettings {
  /** Bytes of memory for one process. */
  readonly size: number;
  /** Buffers of so many bytes and more go through it. */
  readonly threshold: number;
  /** The file of koffi. */
  readonly koffi: string;
}

/**
 * How the memory that a broker and its child both map is divided:
 *
 * | from | to | what stands there |
 * | --- | --- | --- |
 * | 0 | 4 | u32: how many of the child's frames with places in this memory the broker has read, modulo 2³² |
 * | 64 | half | what the broker sends; only the broker allocates here |
 * | half | size | what the child sends; only the child allocates here |
 */
export interface Span {
  readonly offset: number;
  readonly length: number;
}

/** Every allocation begins at a multiple of this: a cache line, which any element of a typed array divides. */
export const ALIGNMENT = 64;

/** Of one message, at most so much is copied through shared memory: it is done in one go, which must be short. */
export const MAX_SHARED_BYTES = 16 * 1024 * 1024;

/** A frame of more buffers crosses as it is: to tell their places might take more bytes than it saves. */
export const MAX_PLACES = 1024;

/** Smaller buffers are not worth a place. */
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
