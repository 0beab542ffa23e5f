import {
  BrokerClosedError,
  BrokerError,
  CallTimeoutError,
  PipelineStartError,
  ProcessExitError,
  QueueFullError,
} from '@dual/broker';

import { DownloadError, type DownloadErrorCode } from '../download/download-error.js';
import { type ImageErrorCode, isImageError } from '../imaging/image-error.js';
import { Problem } from './problem.js';

const imageStatus: Record<ImageErrorCode, number> = {
  ERR_IMAGE_EMPTY: 400,
  ERR_IMAGE_UNSUPPORTED: 415,
  ERR_IMAGE_CORRUPT: 422,
  ERR_IMAGE_TOO_MANY_PIXELS: 413,
  ERR_IMAGE_TOO_LONG: 413,
};

const downloadStatus: Record<DownloadErrorCode, number> = {
  ERR_URL_INVALID: 400,
  ERR_URL_SCHEME: 400,
  ERR_URL_CREDENTIALS: 400,
  ERR_URL_PRIVATE: 403,
  ERR_UPSTREAM_STATUS: 502,
  ERR_UPSTREAM_REDIRECT: 502,
  ERR_UPSTREAM_UNREACHABLE: 502,
  ERR_UPSTREAM_BROKEN: 502,
  ERR_UPSTREAM_EMPTY: 502,
  ERR_UPSTREAM_TIMEOUT: 504,
  ERR_UPSTREAM_TOO_LARGE: 413,
};

/**
 * Converts an error to the answer for the client. The status says who is at fault: the client, the server behind a URL,
 * the model, or this service.
 *
 * @param imageField The form field or JSON property that held the image or its URL, if there was one.
 */
export function problemFromError(error: unknown, imageField?: 'url' | 'file'): Problem {
  if (error instanceof Problem) return error;
  if (isImageError(error)) {
    return new Problem({
      status: imageStatus[error.code],
      code: error.code,
      detail: error.message,
      field: imageField,
      cause: error,
    });
  }
  if (error instanceof DownloadError) {
    return new Problem({
      status: downloadStatus[error.code],
      code: error.code,
      detail: error.message,
      field: 'url',
      cause: error,
    });
  }
  if (error instanceof BrokerError) return problemFromBroker(error);
  return new Problem({
    status: 500,
    code: 'ERR_INTERNAL',
    detail: 'An error occurred in the service itself. Its log has the details.',
    cause: error,
  });
}

function problemFromBroker(error: BrokerError): Problem {
  const { code } = error;
  if (error instanceof QueueFullError) {
    const retryAfter = Math.max(1, Math.ceil(error.retryAfter / 1000));
    return new Problem({
      status: 429,
      code,
      detail: 'Too many images are already waiting. Try again in a moment.',
      retryAfter,
      cause: error,
    });
  }
  if (error instanceof CallTimeoutError) {
    return new Problem({
      status: 504,
      code,
      detail:
        error.started === false
          ? 'The image waited too long for the model. Try again in a moment.'
          : 'The model took too long for this image. Try again in a moment.',
      cause: error,
    });
  }
  if (error instanceof ProcessExitError) {
    return new Problem({
      status: 503,
      code,
      detail:
        "The model's process ended while it worked on this image. A new one is starting. Try again in a moment.",
      retryAfter: 2,
      cause: error,
    });
  }
  if (error instanceof BrokerClosedError || error instanceof PipelineStartError) {
    return new Problem({
      status: 503,
      code,
      detail: 'The model is no longer running. Try again later.',
      retryAfter: 10,
      cause: error,
    });
  }
  return new Problem({
    status: 500,
    code,
    detail: 'The model failed on this image. Try another one.',
    cause: error,
  });
}
