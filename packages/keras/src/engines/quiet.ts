/** Matches the harmless lines that the TensorFlow.js packages print while they load. */
const NOISE =
  /already registered|has already been (?:set|registered)|backend was already registered|Hi, looks like you are running/u;

/** Loads a package and hides its harmless lines. Everything else that it prints goes through. */
export function loadQuietly<T>(load: () => T): T {
  const original = { log: console.log, warn: console.warn };
  for (const method of ['log', 'warn'] as const) {
    console[method] = (...values: unknown[]) => {
      if (!NOISE.test(String(values[0]))) original[method](...values);
    };
  }
  try {
    return load();
  } finally {
    Object.assign(console, original);
  }
}
