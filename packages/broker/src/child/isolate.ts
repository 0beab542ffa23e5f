import process from 'node:process';

/** Keeps what user code does to its process from reaching the broker. */
export function isolate(): void {
  // Where there are no process groups, Ctrl-C reaches this process too. The broker decides what it means for its
  // calls: a child that died of it would take the running call along.
  process.on('SIGINT', () => undefined);
  // There is no Node IPC channel to forge messages on; code that expects one need not fail for that.
  process.send = () => true;
  process.disconnect = () => undefined;
}
