import type { AgentFor } from '../download/agents.js';
import type { ModelHost } from '../model/model-host.js';
import type { Sample } from '../model/samples.js';

export interface AppOptions {
  model: ModelHost;
  agentFor: AgentFor;
  sample: Sample;
  /** File names of the sample photos. */
  samples: readonly string[];
}
