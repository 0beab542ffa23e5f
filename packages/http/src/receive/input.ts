import { Problem } from '../problems/problem.js';

/** One input of a request. */
export interface Input {
  /** The bytes. */
  readonly bytes: Uint8Array;
  /** How they came: as the whole body, as a file of a form, as base64 in JSON, or from a URL. */
  readonly source: 'body' | 'file' | 'base64' | 'url';
  /** The media type, as the client or the other server claims it. */
  readonly type: string | undefined;
  /** The name of the file, or the host of the URL, without control characters. */
  readonly name: string | undefined;
  /** How long the download took, in ms; `undefined` if it is none. */
  readonly downloadTime: number | undefined;
}

/** The content of a request before anything is downloaded. */
export interface Found {
  /** In the order of the request; a URL is not downloaded yet. */
  readonly inputs: readonly (Input | { readonly url: string })[];
  /** The other fields, by name, as text. */
  readonly fields: Readonly<Record<string, string>>;
}

/** Names of the form fields and JSON properties that hold inputs. */
export interface FieldNames {
  /**
   * A file of a multipart form.
   * @default 'file'
   */
  file?: string | undefined;
  /**
   * A URL, in a form or in JSON.
   * @default 'url'
   */
  url?: string | undefined;
  /**
   * Bytes in base64, or a `data:` URL, in JSON.
   * @default 'base64'
   */
  base64?: string | undefined;
}

/** Facts for the readers of the body. */
export interface Expected {
  /** Names of the fields that hold inputs. */
  readonly names: Readonly<Required<{ [K in keyof FieldNames]: string }>>;
  /** Names of other fields that the application takes. */
  readonly fields: readonly string[];
  /** Most inputs of one request. */
  readonly maxInputs: number;
}

/** Gathers the inputs and fields of a request, and refuses what is too much or unknown. */
export class Gathering {
  readonly #inputs: Found['inputs'][number][] = [];
  readonly #fields: Record<string, string> = Object.create(null) as Record<string, string>; // no inherited names
  readonly #expected: Expected;
  #urls = 0;

  constructor(expected: Expected) {
    this.#expected = expected;
  }

  get found(): Found {
    this.#checkCount();
    return { inputs: this.#inputs, fields: this.#fields };
  }

  addInput(input: Input): void {
    this.#inputs.push(input);
  }

  /** An empty URL is none: a browser sends the empty field of a form. */
  addUrl(text: string): void {
    this.#urls += 1;
    const url = text.trim();
    if (url !== '') this.#inputs.push({ url });
  }

  /** @throws {Problem} If the field is unknown, or was given twice (400). */
  addField(name: string, value: string, known: string): void {
    if (!this.#expected.fields.includes(name)) throw unknownField(name, known);
    if (Object.hasOwn(this.#fields, name)) {
      const detail = `The field ${name} was given twice. Send it once.`;
      throw new Problem({ status: 400, code: 'ERR_TWO_FIELDS', detail, field: name });
    }
    this.#fields[name] = value;
  }

  #checkCount(): void {
    const { names, maxInputs } = this.#expected;
    if (this.#inputs.length <= maxInputs && this.#urls <= maxInputs) return;
    const urls = this.#inputs.filter((input) => 'url' in input).length;
    const one = maxInputs === 1 ? 'Send one at a time.' : `Send at most ${maxInputs}.`;
    if (urls > 0 && urls < this.#inputs.length && maxInputs === 1)
      throw tooMany(
        'ERR_URL_AND_FILE',
        'The request has both a url and a file. Send only one of them.',
        names.url,
      );
    if (this.#urls > maxInputs)
      throw tooMany(
        'ERR_TWO_URLS',
        `The request has ${this.#urls} values for ${names.url}. ${one}`,
        names.url,
      );
    throw tooMany('ERR_TWO_FILES', `The request has ${this.#inputs.length} inputs. ${one}`, names.file);
  }
}

function tooMany(code: string, detail: string, field: string): Problem {
  return new Problem({ status: 400, code, detail, field });
}

/**
 * The request has a field that nobody takes.
 * @param known Says which fields there are.
 */
export function unknownField(name: string, known: string): Problem {
  const shown = /^[\w.-]{1,40}$/.test(name);
  return new Problem({
    status: 400,
    code: 'ERR_UNKNOWN_FIELD',
    detail: `The request has an unknown field${shown ? ` "${name}"` : ''}: ${known}. To send raw bytes, use "Content-Type: application/octet-stream".`,
    ...(shown ? { field: name } : {}),
  });
}

/** `"url" and "file"`, for errors. */
export function listed(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(names.length === 2 ? ' and ' : ', ');
}
