/** A number of bytes for people: `32 MiB`. */
export function sizeText(bytes: number): string {
  if (bytes >= 2 ** 20) return `${Math.round(bytes / 2 ** 17) / 8} MiB`;
  if (bytes >= 2 ** 10) return `${Math.round(bytes / 2 ** 7) / 8} KiB`;
  return `${bytes} bytes`;
}
