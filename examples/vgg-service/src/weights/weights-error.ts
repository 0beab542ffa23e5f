export type WeightsErrorCode =
  | 'ERR_WEIGHTS_MISSING'
  | 'ERR_WEIGHTS_URL'
  | 'ERR_WEIGHTS_UNREACHABLE'
  | 'ERR_WEIGHTS_STATUS'
  | 'ERR_WEIGHTS_INTERRUPTED'
  | 'ERR_WEIGHTS_CHECKSUM'
  | 'ERR_WEIGHTS_TOO_LARGE'
  | 'ERR_WEIGHTS_DISK'
  | 'ERR_WEIGHTS_UNUSABLE';

/** The weights are not available. The message is one line for the person at the terminal. */
export class WeightsError extends Error {
  override readonly name = 'WeightsError';
  readonly code: WeightsErrorCode;

  constructor(code: WeightsErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
