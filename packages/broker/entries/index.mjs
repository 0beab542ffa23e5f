// The ES module of @dual/broker, over the same implementation as the CommonJS one: there is no second copy of a class.
import { childFoundAt } from './implementation.cjs';

// Bundlers copy a file that is named in this form.
childFoundAt(() => new URL('./child.mjs', import.meta.url));

export {
  BatchResultError,
  Broker,
  BrokerClosedError,
  BrokerError,
  CallCancelledError,
  CallTimeoutError,
  DuplicateKeyError,
  InvalidOptionError,
  PipelineStartError,
  ProcessExitError,
  ProtocolError,
  QueueFullError,
  SerializationError,
  UnknownMethodError,
} from './implementation.cjs';
