/** Every stable `code` that an error of this package may carry. */
export type KerasErrorCode =
  | 'ERR_KERAS_OPTION'
  | 'ERR_KERAS_FILE_NOT_FOUND'
  | 'ERR_KERAS_FILE_NOT_READABLE'
  | 'ERR_KERAS_NOT_A_FILE'
  | 'ERR_KERAS_EMPTY_FILE'
  | 'ERR_KERAS_NOT_HDF5'
  | 'ERR_KERAS_UNSUPPORTED_FORMAT'
  | 'ERR_KERAS_ONLY_WEIGHTS'
  | 'ERR_KERAS_TRUNCATED'
  | 'ERR_KERAS_DAMAGED'
  | 'ERR_KERAS_INTERRUPTED'
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
  | 'ERR_KERAS_ENGINE_CANNOT_RUN'
  | 'ERR_KERAS_ENGINE_FAILED'
  | 'ERR_KERAS_INPUT'
  | 'ERR_KERAS_DISPOSED'
  | 'ERR_KERAS_NOT_A_CLASSIFIER'
  | 'ERR_KERAS_DOWNLOAD_UNREACHABLE'
  | 'ERR_KERAS_DOWNLOAD_STATUS'
  | 'ERR_KERAS_DOWNLOAD_INTERRUPTED'
  | 'ERR_KERAS_DOWNLOAD_CHECKSUM'
  | 'ERR_KERAS_DOWNLOAD_TOO_LARGE'
  | 'ERR_KERAS_DOWNLOAD_DISK';

/** The base class of all errors of this package. */
export class KerasError extends Error {
  override readonly name: string = 'KerasError';
  /** Says which error it is. A code keeps its meaning from version to version. */
  readonly code: KerasErrorCode;

  constructor(code: KerasErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** An argument or option of `loadModel` has an invalid value, or an option is unknown. */
export class OptionError extends KerasError {
  override readonly name = 'OptionError';
  /** Name of the wrong option; `file` for the first argument. */
  readonly option: string;

  constructor(option: string, message: string) {
    super('ERR_KERAS_OPTION', message);
    this.option = option;
  }
}

/** Details of a `ModelFileError`. Unknown details are left out. */
export interface ModelFileErrorDetails {
  /** Path of the model file. */
  file: string;
  /** Name of the wrong layer. */
  layer?: string | undefined;
  /** Path of the wrong weight inside the HDF5 file. */
  weight?: string | undefined;
  /** Shape that the model needs. */
  expected?: readonly number[] | undefined;
  /** Shape that the file holds. */
  actual?: readonly number[] | undefined;
  /** The error behind this one. */
  cause?: unknown;
}

/** The model file cannot be used: it is missing, damaged or of another format, or holds another network. */
export class ModelFileError extends KerasError {
  override readonly name = 'ModelFileError';
  /** Path of the model file. */
  readonly file: string;
  /** Name of the wrong layer, if one layer is to blame. */
  declare readonly layer?: string;
  /** Path of the wrong weight inside the HDF5 file, if one weight is to blame. */
  declare readonly weight?: string;
  /** Shape that the model needs, if the shape in the file is wrong. */
  declare readonly expected?: readonly number[];
  /** Shape of the weight in the file, if this shape is wrong or too large. */
  declare readonly actual?: readonly number[];

  constructor(code: KerasErrorCode, message: string, details: ModelFileErrorDetails) {
    const { file, cause, ...known } = details;
    super(code, message, cause === undefined ? undefined : { cause });
    this.file = file;
    // Set only known details, so that a printed or serialized error shows no empty fields.
    Object.assign(this, Object.fromEntries(Object.entries(known).filter(([, value]) => value !== undefined)));
  }
}

/** An engine is not installed, does not load on this machine, cannot run the model exactly, or failed while it built or ran the model. */
export class EngineError extends KerasError {
  override readonly name = 'EngineError';
  /** Name of the requested engine, or `auto`. */
  readonly engine: string;

  constructor(
    code: 'ERR_KERAS_ENGINE_NOT_AVAILABLE' | 'ERR_KERAS_ENGINE_CANNOT_RUN' | 'ERR_KERAS_ENGINE_FAILED',
    engine: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(code, message, options);
    this.engine = engine;
  }
}

/** The inputs of `predict` do not fit the model. */
export class InputError extends KerasError {
  override readonly name = 'InputError';
  /** Index of the wrong input. Absent if the list itself is wrong, for example too short. */
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
    super('ERR_KERAS_DISPOSED', 'The model was disposed. Load it again to use it');
  }
}

/** `fetchWeights` could not get the file. */
export class DownloadError extends KerasError {
  override readonly name = 'DownloadError';
  /** The URL that was requested. */
  readonly url: string;
  /** Status of the server's answer, if the status is to blame. */
  declare readonly status?: number;

  constructor(
    code: Extract<KerasErrorCode, `ERR_KERAS_DOWNLOAD_${string}`>,
    message: string,
    { url, status, cause }: { url: URL; status?: number; cause?: unknown },
  ) {
    super(code, message, cause === undefined ? undefined : { cause });
    this.url = url.href;
    if (status !== undefined) Object.assign(this, { status });
  }
}
