import { TestEnvironment } from 'jest-environment-node';

/**
 * Jest runs tests in a realm of its own, with typed arrays of its own; ONNX Runtime's native code makes and takes only
 * those of the main realm. Users have one realm, and here the two share what must be the same.
 */
export default class SharedArraysEnvironment extends TestEnvironment {
  constructor(...parameters) {
    super(...parameters);
    this.global.Float32Array = Float32Array;
    this.global.BigInt64Array = BigInt64Array;
  }
}
