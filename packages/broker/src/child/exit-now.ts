import process from 'node:process';

// Before user code can replace them.
const exit = process.exit.bind(process);
const kill = process.kill.bind(process, process.pid);

/** Ends this process, whatever user code has made of it: `exit` runs listeners that may throw, and parts that it may have replaced. */
export function exitNow(code?: number): void {
  try {
    // Asked for `undefined`, Node 20 forgets `process.exitCode`.
    if (code === undefined) exit();
    else exit(code);
  } finally {
    kill('SIGKILL');
  }
}
