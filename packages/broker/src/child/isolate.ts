import process from 'node:process';

/** Keeps user code from affecting the broker through the process that they share. */
export function isolate(): void {
  // Without process groups, Ctrl-C reaches this process too. The broker decides what becomes of the calls: if the child
  // died, the running call would be lost.
  process.on('SIGINT', () => undefined);
  // There is no Node IPC channel, so nobody can forge messages on it. Code that expects one must not fail.
  process.send = () => true;
  process.disconnect = () => undefined;
}
