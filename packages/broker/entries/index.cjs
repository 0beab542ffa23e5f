// The CommonJS module of @dual/broker.
const implementation = require('./implementation.cjs');

exports.BatchResultError = implementation.BatchResultError;
exports.Broker = implementation.Broker;
exports.BrokerClosedError = implementation.BrokerClosedError;
exports.BrokerError = implementation.BrokerError;
exports.CallCancelledError = implementation.CallCancelledError;
exports.CallTimeoutError = implementation.CallTimeoutError;
exports.DuplicateKeyError = implementation.DuplicateKeyError;
exports.InvalidOptionError = implementation.InvalidOptionError;
exports.PipelineStartError = implementation.PipelineStartError;
exports.ProcessExitError = implementation.ProcessExitError;
exports.ProtocolError = implementation.ProtocolError;
exports.QueueFullError = implementation.QueueFullError;
exports.SerializationError = implementation.SerializationError;
exports.UnknownMethodError = implementation.UnknownMethodError;
