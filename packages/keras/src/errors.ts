/** Every stable `code` that an error of this package may carry. */
export type KerasErrorCode =
  | 'ERR_KERAS_OPTION'
  | 'ERR_KERAS_FILE_NOT_FOUND'
  | 'ERR_KERAS_FILE_NOT_READABLE'
  | 'ERR_KERAS_NOT_A_FILE'
  | 'ERR_KERAS_EMPTY_FILE'
  | 'ERR_KERAS_NOT_HDF5'
  | 'ERR_KERAS_UNSUPPORTED_FORMAT'
  | 'ERR_KERAS_TRUNCATED'
  | 'ERR_KERAS_DAMAGED'
  | 'ERR_KERAS_UNKNOWN_LAYOUT'
  | 'ERR_KERAS_KERNEL_ORIENTATION'
  | 'ERR_KERAS_MODEL_CONFIG'
  | 'ERR_KERAS_UNSUPPORTED_LAYER'
  | 'ERR_KERAS_NOT_THIS_ARCHITECTURE'
  | 'ERR_KERAS_MISSING_LAYER'
  | 'ERR_KERAS_EXTRA_LAYER'
  | 'ERR_KERAS_MISSING_WEIGHT'
  | 'ERR_KERAS_WRONG_SHAPE'
  | 'ERR_KERAS_WRONG_TYPE'
  | 'ERR_KERAS_SIZE_NOT_CREDIBLE'
  | 'ERR_KERAS_NOT_FINITE'
  | 'ERR_KERAS_ENGINE_NOT_AVAILABLE'
  | 'ERR_KERAS_ENGINE_FAILED'
  | 'ERR_KERAS_INPUT'
  | 'ERR_KERAS_DISPOSED';

/** What all errors of this package have in common: a stable `code`. */
export class KerasError extends Error {
  override readonly name: string = 'KerasError';
  readonly code: KerasErrorCode;

  constructor(code: KerasErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** An option of `loadModel` is not known, or has a value that it cannot have. */
export class OptionError extends KerasError {
  override readonly name = 'OptionError';
  /** The option that was wrong. */
  readonly option: string;

  constructor(option: string, message: string) {
    super('ERR_KERAS_OPTION', message);
    this.option = option;
  }
}

export interface ModelFileErrorDetails {
  /** Path of the model file. */
  file: string;
  /** The layer that was wrong. */
  layer?: string | undefined;
  /** The weight that was wrong: its path inside the HDF5 file. */
  weight?: string | undefined;
  /** Shape that the model needs. */
  expected?: readonly number[] | undefined;
  /** Shape that the file holds. */
  actual?: readonly number[] | undefined;
  cause?: unknown;
}

/** The model file cannot be used: it is missing, damaged, of another kind, or does not hold this model. */
export class ModelFileError extends KerasError {
  override readonly name = 'ModelFileError';
  readonly file: string;
  declare readonly layer?: string;
  declare readonly weight?: string;
  declare readonly expected?: readonly number[];
  declare readonly actual?: readonly number[];

  constructor(code: KerasErrorCode, message: string, details: ModelFileErrorDetails) {
    const { file, cause, ...known } = details;
    super(code, message, cause === undefined ? undefined : { cause });
    this.file = file;
    // Only what is known becomes a property, so that a printed or serialized error shows no empty fields.
    Object.assign(this, Object.fromEntries(Object.entries(known).filter(([, value]) => value !== undefined)));
  }
}

/** An engine is not installed, does not load on this machine, or failed while it built or ran the model. */
export class EngineError extends KerasError {
  override readonly name = 'EngineError';
  /** The engine that was asked for: an engine's name, or `auto`. */
  readonly engine: string;

  constructor(
    code: 'ERR_KERAS_ENGINE_NOT_AVAILABLE' | 'ERR_KERAS_ENGINE_FAILED',
    engine: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(code, message, options);
    this.engine = engine;
  }
}

/** What was given to `predict` does not fit the model's inputs. */
export class InputError extends KerasError {
  override readonly name = 'InputError';
  /** Position of the input that was wrong; absent when their number was. */
  declare readonly input?: number;

  constructor(message: string, input?: number) {
    super('ERR_KERAS_INPUT', message);
    if (input !== undefined) Object.assign(this, { input });
  }
}

/** The model was used after `dispose()`. */
export class DisposedError extends KerasError {
  override readonly name = 'DisposedError';

  constructor() {
    super('ERR_KERAS_DISPOSED', 'The model was disposed; load it again to use it');
  }
}
