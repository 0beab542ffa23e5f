/** A JSON object. */
export interface JsonObject {
  readonly [name: string]: JsonValue | undefined;
}

/** A JSON value. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;

/** Path items of an OpenAPI 3.1 document, by path, such as `/jobs/{key}`. */
export type PathItems = Readonly<Record<string, JsonObject>>;
