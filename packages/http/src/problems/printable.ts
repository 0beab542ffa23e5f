/** Control characters (C0, DEL, C1), line separators, and characters that change the direction of text. */
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]+/g;

/**
 * Makes text of strangers safe for a log and for an answer: other servers and clients chose it.
 * @param text Any text.
 * @param most Characters that are kept.
 */
export function printable(text: string, most = 200): string {
  const clean = text.replace(UNPRINTABLE, '\u{fffd}');
  return clean.length > most ? `${clean.slice(0, most)}…` : clean;
}
