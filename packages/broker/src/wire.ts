/**
 * For `@dual/*` packages of the same version only: values and errors as they cross between processes. Internal: it may
 * change with every version.
 * @packageDocumentation
 */
export { type Payload, payloadBytes } from './channel/frame.js';
export { describeThrown, type ThrownValue } from './channel/thrown/describe.js';
export { reviveThrown } from './channel/thrown/revive.js';
export { decodeValue, encodeValue } from './channel/values/codec.js';
