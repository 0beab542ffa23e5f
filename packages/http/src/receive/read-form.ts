import { type Expected, type Found, Gathering, listed } from './input.js';

/** How much is looked at. */
const BEGINNING = 512;

/**
 * Whether the body is no form, though it is called one: `curl --data-binary @photo.jpg` calls everything so. A form has no
 * control characters; the head of every binary format has.
 */
export function isRaw(body: Buffer): boolean {
  return body
    .subarray(0, BEGINNING)
    .some((byte) => byte < 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09);
}

/** Finds the inputs of `application/x-www-form-urlencoded`: `url=…`. An empty one means no input. */
export function readForm(body: Buffer, expected: Expected): Found {
  const { names, fields } = expected;
  const known = `a URL-encoded form has only ${listed([names.url, ...fields])}`;
  const gathering = new Gathering(expected);
  // curl sends the line end of a file that it takes the form from.
  for (const [name, value] of new URLSearchParams(body.toString('utf8').trim())) {
    if (name === names.url) gathering.addUrl(value);
    else gathering.addField(name, value, known);
  }
  return gathering.found;
}
