export { decodeValue, describeThrown, encodeValue, payloadBytes, reviveThrown } from './implementation.cjs';
