/** Time between two lines in a log, which cannot be overwritten, in ms. */
const logInterval = 5000;

/**
 * Shows on stderr what is going on, once `delay` has passed: in a terminal on one line that is overwritten, in a log as a
 * line every few seconds. stdout stays free for the program's own output.
 *
 * Our own code, because it runs before any library is installed.
 *
 * @param {string} what
 * @param {{ delay?: number }} [options] `delay` in ms (default: 0).
 */
export function progress(what, { delay = 0 } = {}) {
  const terminal = process.stderr.isTTY;
  let shown = false;
  let lastWrite = 0;
  const timer = setTimeout(() => {
    shown = true;
    process.stderr.write(terminal ? `${what} …` : `${what} …\n`);
    lastWrite = Date.now();
  }, delay);

  return {
    /** @param {string} detail */
    update(detail) {
      if (!shown) return;
      if (terminal) process.stderr.write(`\r\x1b[K${what}: ${detail}`.slice(0, process.stderr.columns + 4));
      else if (Date.now() - lastWrite >= logInterval) {
        lastWrite = Date.now();
        process.stderr.write(`  ${detail}\n`);
      }
    },
    end() {
      clearTimeout(timer);
      if (shown && terminal) process.stderr.write('\r\x1b[K');
    },
  };
}
