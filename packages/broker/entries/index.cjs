// The CommonJS module of @dual/broker.
const {
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
} = require('./implementation.cjs');

module.exports = {
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
};
