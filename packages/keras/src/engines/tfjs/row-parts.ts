/** Splits a matrix into parts of consecutive rows. A part has `mostBytes` bytes or less, but at least one row. */
export function* rowParts(
  data: Float32Array,
  [rows = 0, columns = 0]: readonly number[],
  mostBytes: number,
): Generator<{ data: Float32Array; shape: [number, number] }> {
  const rowBytes = columns * Float32Array.BYTES_PER_ELEMENT;
  const most = Math.max(1, Math.floor(mostBytes / rowBytes));
  for (let first = 0; first < rows; first += most) {
    const count = Math.min(most, rows - first);
    yield { data: data.subarray(first * columns, (first + count) * columns), shape: [count, columns] };
  }
}
