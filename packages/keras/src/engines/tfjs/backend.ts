import type { TensorFlow } from './tensorflow.js';

/**
 * Initializes a backend, so that `onBackend` can switch to it. Afterwards the backend that was in use before is in use
 * again, also if the other one does not start.
 *
 * If a backend does not start, TensorFlow.js silently falls back to its slow pure-JS one. So the actual backend is
 * checked here and before each use.
 *
 * @throws {Error} When the backend does not start.
 */
export async function startBackend(tf: TensorFlow, backend: string): Promise<void> {
  const before = currentBackend(tf);
  try {
    const initialized = await tf.setBackend(backend);
    if (!initialized) throw new Error(`the backend ${backend} of TensorFlow.js did not start`);
    checkBackend(tf, backend);
  } finally {
    if (before !== undefined && before !== backend) await tf.setBackend(before);
  }
}

/**
 * Runs synchronous work on an initialized backend, then restores the previous one. The backend is a setting of the
 * whole process, and other code may use another one.
 *
 * @throws {Error} When TensorFlow.js does not switch to the backend.
 */
export function onBackend<T>(tf: TensorFlow, backend: string, work: () => T): T {
  const before = currentBackend(tf);
  try {
    if (before !== backend) switchTo(tf, backend);
    checkBackend(tf, backend);
    return work();
  } finally {
    if (before !== undefined && before !== backend) switchTo(tf, before);
  }
}

/** `setBackend` always returns a promise, but it switches to an initialized backend at once. */
function switchTo(tf: TensorFlow, backend: string): void {
  // A failure shows in the check of the current backend. Without a handler, it would also end the process.
  tf.setBackend(backend).catch(() => undefined);
}

function checkBackend(tf: TensorFlow, backend: string): void {
  const actual = currentBackend(tf);
  if (actual !== backend)
    throw new Error(`TensorFlow.js runs on the backend ${actual ?? '(none)'}, not on ${backend}`);
}

/** The type of `getBackend` promises a name, but there is none before the first `setBackend`. */
function currentBackend(tf: TensorFlow): string | undefined {
  const backend: string | undefined = tf.getBackend();
  return backend === '' ? undefined : backend;
}
