/** How one option is read. */
export interface Option<T> {
  /** As a user would write it; `undefined` if the option has no default. */
  readonly fallback: string | undefined;
  /** The word after the name in the help: `N`, `TEXT`; `undefined` for a flag. */
  readonly value: string | undefined;
  readonly help: string;
  /**
   * @param given What the user wrote, or the default.
   * @throws {Error} When it is invalid. The message says what it must be: `an integer from 1 to 64`.
   */
  readonly read: (given: string) => T;
}

/** An option that may be left out. */
export function optional<T>(option: Option<T>): Option<T | undefined> {
  return { ...option, fallback: undefined };
}

export function text(help: string, fallback = ''): Option<string> {
  return { fallback, value: 'TEXT', help, read: (given) => given };
}

export function flag(help: string): Option<boolean> {
  return {
    fallback: 'false',
    value: undefined,
    help,
    read: (given) => {
      if (['true', '1', 'yes'].includes(given)) return true;
      if (['false', '0', 'no'].includes(given)) return false;
      throw new Error('true or false');
    },
  };
}

export function integer(help: string, fallback: string, from: number, to: number): Option<number> {
  return {
    fallback,
    value: 'N',
    help,
    read: (given) => {
      if (/^\d+$/.test(given) && Number(given) >= from && Number(given) <= to) return Number(given);
      throw new Error(`an integer from ${from} to ${to}`);
    },
  };
}

const UNITS: Readonly<Record<string, number>> = { '': 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 };

export function bytes(help: string, fallback: string): Option<number> {
  return {
    fallback,
    value: 'SIZE',
    help,
    read: (given) => {
      const [, number, unit = ''] = /^(\d{1,12})([KMG]?)$/.exec(given) ?? [];
      const size = Number(number) * (UNITS[unit] ?? 1);
      if (size >= 1) return size;
      throw new Error('a number of bytes, such as 33554432, 32M or 1G');
    },
  };
}

/** The user gives seconds; the result is in ms. */
export function seconds(help: string, fallback: string): Option<number> {
  return {
    fallback,
    value: 'SECONDS',
    help,
    read: (given) => {
      if (/^\d{1,5}(?:\.\d+)?$/.test(given) && Number(given) <= 86_400) return Number(given) * 1_000;
      throw new Error('a number of seconds, at most 86400');
    },
  };
}

export function choice<T extends string>(help: string, choices: readonly T[], fallback = ''): Option<T> {
  return {
    fallback,
    value: 'NAME',
    help: `${help}: ${choices.join(', ')}`,
    read: (given) => {
      const chosen = choices.find((one) => one === given);
      if (chosen !== undefined) return chosen;
      throw new Error(`one of ${choices.join(', ')}`);
    },
  };
}

export function list(help: string): Option<readonly string[]> {
  return {
    fallback: '',
    value: 'A,B',
    help,
    read: (given) =>
      given
        .split(',')
        .map((one) => one.trim())
        .filter((one) => one !== ''),
  };
}

export function size(help: string): Option<{ width: number; height: number }> {
  return {
    fallback: '',
    value: 'WxH',
    help,
    read: (given) => {
      const match = /^(\d{1,4})x(\d{1,4})$/.exec(given);
      const [width, height] = [Number(match?.[1]), Number(match?.[2])];
      if (width > 0 && height > 0) return { width, height };
      throw new Error('width and height in pixels, such as 224x224');
    },
  };
}
