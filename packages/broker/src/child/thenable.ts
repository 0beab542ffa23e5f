export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof Reflect.get(value, 'then') === 'function';
}

/** Settles as what was returned does. Not by way of `then` or `race`, which user code may have replaced. */
export async function follow<T>(
  returned: PromiseLike<T>,
  resolve: (value: T) => void,
  reject: (error: unknown) => void,
): Promise<void> {
  try {
    resolve(await returned);
  } catch (error) {
    reject(error);
  }
}
