/**
 * A compact form for the values that most calls consist of. Each value begins with its tag:
 *
 * | tag | value | what follows |
 * | --- | --- | --- |
 * | 0–3 | undefined, null, false, true | nothing |
 * | 4 | a whole number of 32 bits | varint, zigzag |
 * | 5 | any other number | f64 |
 * | 6 | string | text |
 * | 7 | bigint | text: hexadecimal digits, with a leading `-` if it is negative |
 * | 8 | Date | f64: ms since 1970, NaN if it is invalid |
 * | 9 | array | varint: length; then its values |
 * | 10 | plain object | varint: number of properties; for each its name as text, and its value |
 * | 11 | typed array, Buffer or DataView | u8: its kind (`views.ts`); its bytes are the next buffer |
 * | 12 | ArrayBuffer | nothing; its bytes are the next buffer |
 * | 13 | any other value, only at the top level | u32: number of ArrayBuffers; then V8's form (`clone.ts`) |
 *
 * A varint is unsigned LEB128 of at most 5 bytes. A text is a varint of twice its length in bytes, plus 1 if it is in
 * UTF-16 (little-endian) instead of Latin-1; then the bytes. f64 is little-endian.
 */
export const Tag = {
  Undefined: 0,
  Null: 1,
  False: 2,
  True: 3,
  Integer: 4,
  Double: 5,
  String: 6,
  BigInt: 7,
  Date: 8,
  Array: 9,
  Object: 10,
  View: 11,
  ArrayBuffer: 12,
  Clone: 13,
} as const;

/** Values that are nested more deeply take V8's form. */
export const MAX_DEPTH = 64;
