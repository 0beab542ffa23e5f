export type JsonObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}

/** The configuration cannot be understood. The message is the rest of a sentence that begins with the layer's name. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly layer: string | undefined;

  constructor(message: string, layer?: string) {
    super(message);
    this.layer = layer;
  }
}
