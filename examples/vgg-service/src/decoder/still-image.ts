const FTYP = 4;
const BRAND = 8;

/**
 * Lets the decoder read an animated AVIF as its first frame. libvips does not know the brand `avis` of animations, but
 * decodes the file once it has the brand `avif` of still images.
 */
export function asStillImage(file: Uint8Array): Uint8Array {
  const text = Buffer.from(file.buffer, file.byteOffset, Math.min(file.length, BRAND + 4)).toString('latin1');
  if (text.slice(FTYP) !== 'ftypavis') return file;
  const copy = Uint8Array.from(file);
  copy.set(Buffer.from('avif'), BRAND);
  return copy;
}
