import process from 'node:process';

// Captured before user code can replace them.
const exit = process.exit.bind(process);
const kill = process.kill.bind(process, process.pid);

/** Ends this process by SIGKILL if `exit` fails: it runs listeners, which may throw, and code that may be replaced. */
export function exitNow(code?: number): void {
  try {
    // Node 20 ignores `process.exitCode` if `undefined` is passed.
    if (code === undefined) exit();
    else exit(code);
  } finally {
    kill('SIGKILL');
  }
}

/** Ends this process as Node does after an uncaught error: it prints the error to stderr. */
export function exitPrinting(error: unknown): void {
  process.removeAllListeners('uncaughtException');
  process.setUncaughtExceptionCaptureCallback(null);
  setImmediate(() => {
    throw error;
  });
}
