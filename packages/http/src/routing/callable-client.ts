import type { CallOptions } from '@dual/broker';

import type { AnyClient } from '../health/readiness.js';

/** A client of any pipeline whose methods are called by a name that is configured. */
export interface CallableClient extends AnyClient {
  /** The same as `PipelineClient.call`. */
  call(method: string, args: readonly unknown[], options?: CallOptions): Promise<unknown>;
}
