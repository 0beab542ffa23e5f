const {
  decodeValue,
  describeThrown,
  encodeValue,
  payloadBytes,
  reviveThrown,
} = require('./implementation.cjs');

module.exports = { decodeValue, describeThrown, encodeValue, payloadBytes, reviveThrown };
