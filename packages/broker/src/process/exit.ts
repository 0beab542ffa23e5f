/** How a child process ended. */
export interface ProcessExit {
  /** Index of the process, from 0. */
  readonly index: number;
  /** `undefined` if it could not be spawned; then there is no event `exit`. */
  readonly pid: number | undefined;
  /** `undefined` if a signal ended it, if it could not be spawned, or if it was given up because it takes no signal. */
  readonly exitCode: number | undefined;
  /** The signal that ended it; `undefined` if it exited by itself. */
  readonly signal: NodeJS.Signals | undefined;
  /** The last lines that it wrote to stderr. */
  readonly stderr: string;
  /**
   * - `requested`: the broker ended it (`close`, `reload`, `recycle`)
   * - `overdue`: the broker killed it, because it went on with an abandoned call for longer than `killDelay`
   * - `start`: the pipeline could not be brought up
   * - `fatal`: an uncaught error that did not come from a running call
   * - `protocol`: it broke the protocol of the channel
   * - `memory`: it used more than `limits.memory`, and was ended
   * - `crash`: anything else, also while it finished its calls for `close`, `reload` or `recycle`
   */
  readonly reason: 'requested' | 'overdue' | 'start' | 'fatal' | 'protocol' | 'memory' | 'crash';
  /** Whether another try cannot help, for example because the module does not exist. */
  readonly permanent: boolean;
  /**
   * The call that was to start next, if the process ended although it ran no call: the call may be the reason. If that
   * happens to a call twice, it rejects.
   */
  readonly suspect?: { readonly key: string; readonly method: string };
  /** The error behind it, if one is known. */
  readonly cause?: unknown;
}
