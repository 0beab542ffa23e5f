/** How long something that a stranger sends may take. */
export interface TimeLimits {
  /**
   * From the beginning to the last byte, in ms.
   * @default 60_000 for an upload, 20_000 for a download
   */
  total?: number | undefined;
  /**
   * The longest pause without a byte, in ms.
   * @default 10_000 for an upload, 8_000 for a download
   */
  idle?: number | undefined;
}

/**
 * Watches two time limits.
 * @param onOver Called once, with the limit that is over and its length in ms.
 * @returns `alive` begins the pause anew; `stop` ends the watch.
 */
export function watchTime(
  { total, idle }: Readonly<Record<keyof TimeLimits, number>>,
  onOver: (limit: keyof TimeLimits, ms: number) => void,
): { alive: () => void; stop: () => void } {
  const over = (limit: keyof TimeLimits, ms: number) => () => {
    stop();
    onOver(limit, ms);
  };
  const all = setTimeout(over('total', total), total).unref();
  const pause = setTimeout(over('idle', idle), idle).unref();
  const stop = (): void => {
    clearTimeout(all);
    clearTimeout(pause);
  };
  return { alive: () => void pause.refresh(), stop };
}
