export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof Reflect.get(value, 'then') === 'function';
}

/** Settles as `returned` does. It does not use `then` or `race`, because user code may have replaced them. */
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
