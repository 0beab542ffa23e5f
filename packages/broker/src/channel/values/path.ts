import type { Place } from './parts.js';

/** A part of a value, and where it is. */
export interface Link {
  readonly part: unknown;
  /** `undefined` for the value itself. */
  readonly holder: Link | undefined;
  readonly place: Place;
  /** The same as in `forEachPart`. For the value itself it is its name in errors. */
  readonly name: string | number;
  /** Number of holders. */
  readonly depth: number;
}

const MAX_PATH = 200;
const MAX_NAME = 80;

/** Such as `args[0].layers[3]`. A long path is shown without its middle. */
export function pathOf(link: Link): string {
  const steps: string[] = [];
  for (let next: Link | undefined = link; next !== undefined; next = next.holder) steps.push(stepTo(next));
  return shorten(steps.reverse().join(''), MAX_PATH);
}

function stepTo({ holder, place, name }: Link): string {
  if (holder === undefined) return String(name);
  if (place === 'key') return `.keys()[${name}]`;
  if (place === 'entry') return typeof name === 'number' ? `.values()[${name}]` : `.get(${quote(name)})`;
  const property = String(name);
  if (Array.isArray(holder.part) && /^\d+$/.test(property)) return `[${property}]`;
  if (property.length > MAX_NAME || !/^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(property))
    return `[${quote(property)}]`;
  return isNameless(holder) ? property : `.${property}`;
}

/** Whether its parts are named without it, as those of the list of a call's values are. */
function isNameless({ holder, name }: Link): boolean {
  return holder === undefined && name === '';
}

function quote(name: string): string {
  return JSON.stringify(shorten(name, MAX_NAME));
}

/** @param max In UTF-16 code units. */
export function shorten(text: string, max: number): string {
  if (text.length <= max) return text;
  const half = Math.floor(max / 2);
  return `${text.slice(0, half)}…${text.slice(-half)}`;
}
