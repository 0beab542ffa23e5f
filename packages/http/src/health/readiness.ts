import type { BrokerState, Call, ClientStats, PipelineClient, ProcessStats } from '@dual/broker';

/** When a pipeline counts as stalled. */
export interface StallOptions {
  /**
   * A running call counts as stalled when it has run this many times as long as 99 % of the calls before it.
   * `Infinity`: never.
   * @default 10
   */
  factor?: number | undefined;
  /**
   * But not before it has run for this time, in ms.
   * @default 30_000
   */
  atLeast?: number | undefined;
}

/**
 * The state of a service: that of its pipeline's client, or
 *
 * - `suspended`: no process shows a sign of life, for example after SIGSTOP
 * - `stalled`: every process runs a call that takes far longer than usual
 */
export type ReadinessState = BrokerState | 'suspended' | 'stalled';

/** Whether a service can take requests. */
export interface Readiness {
  /** Whether it can. */
  readonly ready: boolean;
  /** Its state. */
  readonly state: ReadinessState;
  /** Why it cannot, for people; `undefined` if it can. */
  readonly reason: string | undefined;
}

const REASONS: Readonly<Record<Exclude<ReadinessState, 'ready'>, string>> = {
  idle: 'Nothing has been started yet.',
  starting: 'The pipeline is loading.',
  restarting: 'The process of the pipeline has ended. A new one is starting.',
  draining: 'The service is shutting down.',
  failed: 'The process of the pipeline could not be started again.',
  closed: 'The service has shut down.',
  suspended: 'The process of the pipeline shows no sign of life.',
  stalled: 'The process of the pipeline runs a call that takes far longer than usual.',
};

/**
 * Whether a pipeline can take calls. It is found out in this process, from what the broker knows: a child that computes,
 * or is stopped, could not answer.
 * @param client The pipeline's client.
 * @param options When it counts as stalled.
 */
export function readiness(client: AnyClient, options: StallOptions = {}): Readiness {
  const state = stateOf(client, options);
  return { ready: state === 'ready', state, reason: state === 'ready' ? undefined : REASONS[state] };
}

/** A client of any pipeline, as far as its health goes. */
export type AnyClient = Pick<PipelineClient<object>, 'state' | 'calls' | 'stats'>;

function stateOf(client: AnyClient, { factor = 10, atLeast = 30_000 }: StallOptions): ReadinessState {
  if (client.state !== 'ready') return client.state;
  const stats = client.stats();
  const processes = processesOf(stats).filter(({ state }) => state !== 'exited' && state !== 'stopping');
  if (processes.length > 0 && processes.every(({ state }) => state === 'suspended')) return 'suspended';
  // One that is idle can take the next call.
  if (processes.some(({ state }) => state === 'idle')) return 'ready';
  const limit = Math.max(atLeast, factor * (stats.runningTime.p99 ?? Infinity));
  return stalled(client.calls(), limit) ? 'stalled' : 'ready';
}

/** Whether calls run, and all of them for longer than the limit. Before a call has ever finished, nobody knows what is usual. */
function stalled(calls: readonly Call[], limit: number): boolean {
  if (limit === Infinity) return false;
  const running = calls.filter(({ state }) => state === 'running');
  const now = Date.now();
  return running.length > 0 && running.every(({ startedAt }) => now - (startedAt?.getTime() ?? now) > limit);
}

/** The processes of a `Broker`. Other clients have none in this process. */
function processesOf(
  stats: ClientStats & { readonly processes?: readonly ProcessStats[] },
): readonly ProcessStats[] {
  return stats.processes ?? [];
}
