/** An empty pipeline. Run as a program of its own, with the argument `bare`, it prints a line. */
export default class Nothing {
  there() {
    return true;
  }
}

if (process.argv[2] === 'bare') process.stdout.write('running\n');
