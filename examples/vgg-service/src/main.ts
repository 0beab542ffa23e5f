import { HELP, parseCommandLine, type Settings, UsageError } from './cli.js';
import { onStopSignal } from './lifecycle/stop-signal.js';
import { Service } from './service.js';
import { startFailure } from './start-failure.js';

const settings = read();
if (settings === 'help') console.log(HELP);
else run(settings);

function read(): Settings | 'help' {
  try {
    return parseCommandLine(process.argv.slice(2), process.env);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(error.message);
    process.exit(2);
  }
}

/** Runs the service until a signal or a failure ends it: exit code 0 for the one, 1 for the other. */
function run(settings: Settings): void {
  const service = new Service();
  let ending = false;

  const end = async (exitCode: number, { notice }: { notice: boolean }): Promise<void> => {
    if (ending) return;
    ending = true;
    await service.stop({ notice });
    process.exit(exitCode);
  };

  // Whoever presses Ctrl-C waits for the prompt; a balancer has to see that the service goes.
  onStopSignal((signal) => void end(0, { notice: signal === 'SIGTERM' && service.model.state === 'ready' }));
  service.model.onState = (state) => {
    if (ending) return;
    if (state === 'restarting') console.error("The model's process ended and is being started again.");
    if (state === 'ready') console.error('The model is ready again.');
    if (state !== 'failed') return;
    console.error("The model's process ended too often in a row: giving up.");
    void end(1, { notice: false });
  };
  service.start(settings).catch((error: unknown) => {
    if (ending) return;
    console.error(startFailure(error, settings));
    void end(1, { notice: false });
  });
}
