import type { TensorFlow } from './tensorflow.js';

/**
 * Initializes a backend, for `onBackend` to use. Where TensorFlow.js cannot have the backend it was asked for, it takes
 * its slow pure-JS one and says nothing: so the name is checked each time.
 */
export async function startBackend(tf: TensorFlow, backend: string): Promise<void> {
  const before = currentBackend(tf);
  const initialized = await tf.setBackend(backend);
  if (!initialized) throw new Error(`the backend ${backend} of TensorFlow.js did not start`);
  checkBackend(tf, backend);
  if (before !== undefined && before !== backend) await tf.setBackend(before);
}

/**
 * Does a synchronous piece of work on a backend that is initialized. The backend is a setting of the whole process,
 * which others may use with another one: what was there is put back.
 */
export function onBackend<T>(tf: TensorFlow, backend: string, work: () => T): T {
  const before = currentBackend(tf);
  // It returns a promise in any case, and sets an initialized backend at once.
  if (before !== backend) void tf.setBackend(backend);
  checkBackend(tf, backend);
  try {
    return work();
  } finally {
    if (before !== undefined && before !== backend) void tf.setBackend(before);
  }
}

function checkBackend(tf: TensorFlow, backend: string): void {
  const actual = currentBackend(tf);
  if (actual !== backend)
    throw new Error(`TensorFlow.js runs on the backend ${actual ?? '(none)'}, not on ${backend}`);
}

/** The types leave out that there is none before the first is set. */
function currentBackend(tf: TensorFlow): string | undefined {
  const backend: string | undefined = tf.getBackend();
  return backend === '' ? undefined : backend;
}
