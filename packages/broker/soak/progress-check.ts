import type { CallPlan } from './plan.js';

/** Checks the progress values that one caller receives. */
export class ProgressCheck {
  /** What was wrong with them. */
  readonly wrong: string[] = [];
  readonly #plan: CallPlan;
  #latest = 0;
  #ended = false;

  constructor(plan: CallPlan) {
    this.#plan = plan;
  }

  readonly take = (value: unknown): void => {
    const { id, retries, reports } = this.#plan;
    const { id: whose, number }: { id?: unknown; number?: unknown } =
      typeof value === 'object' && value !== null ? value : {};
    if (whose !== id) this.wrong.push(`a value of call ${String(whose)}`);
    // Each run begins at 1 again.
    const follows = typeof number === 'number' && number <= reports && (retries > 0 || number > this.#latest);
    if (!follows) this.wrong.push(`value ${String(number)} after value ${this.#latest}`);
    if (this.#ended) this.wrong.push(`value ${String(number)} after the call had settled`);
    this.#latest = Number(number);
  };

  /** The caller has the outcome. */
  end(): void {
    this.#ended = true;
  }
}
