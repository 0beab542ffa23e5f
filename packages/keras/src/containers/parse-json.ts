import { ModelFileError } from '../errors.js';
import { reasonOf } from '../reason.js';

/**
 * Parses a configuration. Keras writes NaN and Infinity into JSON, which JSON does not know, and some files hold JSON
 * in a JSON string.
 *
 * @param what Name of the text, for the message.
 * @throws {ModelFileError} When the text is not JSON.
 */
export function parseJson(text: string, what: string, file: string): unknown {
  try {
    const value: unknown = parse(text);
    return typeof value === 'string' ? parse(value) : value;
  } catch (cause) {
    throw new ModelFileError('ERR_KERAS_MODEL_CONFIG', `${what} is not JSON (${reasonOf(cause)}): ${file}`, {
      file,
      cause,
    });
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    // 1e999 is read as Infinity. NaN becomes a text, so that no setting takes it for a number.
    const plain = text.replaceAll(
      /([:,[]\s*)(-?)(Infinity|NaN)(?=\s*[,\]}])/gu,
      (_, before: string, sign: string, word: string) =>
        word === 'NaN' ? `${before}"NaN"` : `${before}${sign}1e999`,
    );
    if (plain === text) throw error;
    return JSON.parse(plain);
  }
}
