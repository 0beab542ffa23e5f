/** All that the entries of the package give their users: one file, so that there is no second copy of anything. */
export * from './index.js';
export { childFoundAt } from './location.js';
export * from './testing.js';
export * from './wire.js';
