import { TestEnvironment } from 'jest-environment-node';

/**
 * Jest runs tests in a separate realm with separate typed array classes. ONNX Runtime's native code creates and accepts
 * only the classes of the main realm. Users have only one realm, so share these classes here.
 */
export default class SharedArraysEnvironment extends TestEnvironment {
  constructor(...parameters) {
    super(...parameters);
    this.global.Float32Array = Float32Array;
    this.global.Int32Array = Int32Array;
    this.global.Uint8Array = Uint8Array;
    this.global.BigInt64Array = BigInt64Array;
    this.global.Int32Array = Int32Array;
    this.global.Uint8Array = Uint8Array;
  }
}
