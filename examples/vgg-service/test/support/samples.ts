import { readFileSync } from 'node:fs';

const folder = new URL('../../model/samples/', import.meta.url);
const expected: Record<string, { label: string; probability: number }> = JSON.parse(
  readFileSync(new URL('expected.json', folder), 'utf8'),
) as Record<string, { label: string; probability: number }>;

/** The sample photos, with the label and probability that Keras gives them. */
export const samples = Object.entries(expected).map(([name, { label, probability }]) => ({
  name,
  label,
  probability,
  bytes: readFileSync(new URL(name, folder)),
}));

export function sample(name: string): Buffer {
  return readFileSync(new URL(name, folder));
}
