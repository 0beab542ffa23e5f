/** Whether the value is a URL, also one of another realm or of a library. */
export function isUrl(value: unknown): value is URL {
  if (typeof value !== 'object' || value === null) return false;
  return typeof Reflect.get(value, 'href') === 'string' && typeof Reflect.get(value, 'protocol') === 'string';
}
