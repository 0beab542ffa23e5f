const implementation = require('./implementation.cjs');

exports.decodeValue = implementation.decodeValue;
exports.describeThrown = implementation.describeThrown;
exports.encodeValue = implementation.encodeValue;
exports.payloadBytes = implementation.payloadBytes;
exports.reviveThrown = implementation.reviveThrown;
