/** Between two lines where nothing can be overwritten (a log), in ms. */
const logInterval = 5000;

/**
 * Says on stderr, once `delay` has passed, what is going on and how far it is: in a terminal on one line that is
 * written over, in a log on a line every few seconds. stdout stays free for what the user asked for.
 *
 * @param {string} what
 * @param {{ delay?: number }} [options] `delay` in ms (default: none).
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
