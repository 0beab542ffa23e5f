/** An empty pipeline; started by itself, it says that it runs. */
export default class Nothing {
  there() {
    return true;
  }
}

if (process.argv[2] === 'bare') process.stdout.write('running\n');
