import { Busboy, type BusboyFileStream } from '@fastify/busboy';
import type { Request } from 'express';

import { ClientGone } from '../client-gone.js';
import type { TakeMemory } from '../memory-budget.js';
import { Problem } from '../problem.js';
import {
  type ImageSource,
  MAX_IMAGE_BYTES,
  MAX_TEXT_BYTES,
  oneSource,
  unknownField,
} from './image-source.js';
import { refuseAnnounced, tooLarge } from './read-body.js';

type Upload = Extract<ImageSource, { kind: 'upload' }>;

/** `multipart/form-data`: a `file` or a `url`. A browser sends both fields, one of them empty. */
export async function readMultipart(
  request: Request,
  contentType: string,
  take: TakeMemory,
): Promise<ImageSource> {
  // The boundaries and headers of the parts need some room.
  refuseAnnounced(request, MAX_IMAGE_BYTES, { slack: MAX_TEXT_BYTES });
  const parser = openParser({ ...request.headers, 'content-type': contentType });
  const urls: string[] = [];
  const uploads: Upload[] = [];
  const { promise, resolve, reject } = withResolvers();

  parser.on('field', (name, value, _nameTruncated, valueTruncated) => {
    if (name !== 'url') reject(unknownField(name, 'a form has only "url" and "file"'));
    else if (valueTruncated) reject(tooLarge(MAX_TEXT_BYTES));
    else urls.push(value);
  });
  parser.on('file', (name, stream, fileName: string | undefined) => {
    if (name !== 'file') reject(unknownField(name, 'a form has only "url" and "file"'));
    collect(stream, take).then((bytes) => {
      // A browser sends an empty file without a name if the user chose none.
      if (bytes.length > 0 || fileName)
        uploads.push({ kind: 'upload', bytes, origin: 'The file', field: 'file' });
    }, reject);
  });
  parser.once('partsLimit', () => {
    reject(
      new Problem({
        status: 400,
        code: 'ERR_MULTIPART',
        detail: 'The form has too many parts. Send one url or one file.',
      }),
    );
  });
  parser.once('finish', resolve);
  parser.once('error', (error: unknown) => {
    reject(
      new Problem({
        status: 400,
        code: 'ERR_MULTIPART',
        detail: 'The multipart form is damaged or cut short. Send it again.',
        cause: error,
      }),
    );
  });
  request.once('close', () => {
    if (!request.complete) reject(new ClientGone());
  });
  request.pipe(parser);
  try {
    await promise;
  } catch (error) {
    // Read and discard the rest, so that the client sends it to the end and then reads the answer.
    request.unpipe(parser);
    request.resume();
    throw error;
  }
  return oneSource(urls, uploads);
}

function openParser(headers: { 'content-type': string }) {
  try {
    return new Busboy({
      headers,
      limits: {
        parts: 4,
        fileSize: MAX_IMAGE_BYTES,
        fieldSize: MAX_TEXT_BYTES,
        fieldNameSize: 100,
        headerPairs: 20,
        headerSize: 8192,
      },
    });
  } catch (error) {
    throw new Problem({
      status: 400,
      code: 'ERR_MULTIPART',
      detail:
        'The Content-Type header names no boundary for the multipart form. Let the HTTP client set this header.',
      field: 'Content-Type',
      cause: error,
    });
  }
}

async function collect(stream: BusboyFileStream, take: TakeMemory): Promise<Buffer> {
  const chunks: Buffer[] = [];
  const { promise, resolve, reject } = withResolvers();
  stream.on('data', (chunk: Buffer) => {
    try {
      take(chunk.length);
      chunks.push(chunk);
    } catch (error) {
      reject(error);
    }
  });
  stream.once('end', resolve);
  stream.once('error', reject);
  await promise;
  if (stream.truncated) throw tooLarge(MAX_IMAGE_BYTES);
  // Empty the list: the listener outlives this function and would keep the chunks in memory next to the result.
  return Buffer.concat(chunks.splice(0));
}

/** Promise.withResolvers, which Node 20 does not have. */
function withResolvers() {
  let resolve: () => void = () => undefined;
  let reject: (reason: unknown) => void = () => undefined;
  const promise = new Promise<void>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}
