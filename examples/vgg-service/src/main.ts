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

/** Runs the service until a signal (exit code 0) or a failure (exit code 1) ends it. */
function run(settings: Settings): void {
  const service = new Service();
  let ending = false;

  const end = async (exitCode: number, { notice }: { notice: boolean }): Promise<void> => {
    if (ending) return;
    ending = true;
    await service.stop({ notice });
    process.exit(exitCode);
  };

  // Pause only for SIGTERM: a load balancer needs time to notice. After Ctrl-C, a person waits for the prompt.
  onStopSignal((signal) => void end(0, { notice: signal === 'SIGTERM' && service.model.state === 'ready' }));
  service.model.onState = (state) => {
    if (ending) return;
    if (state === 'restarting') console.error("The model's process ended. A new one is starting.");
    if (state === 'ready') console.error('The model is ready again.');
    if (state !== 'failed') return;
    console.error("The model's process ended too many times in a row. The service stops.");
    void end(1, { notice: false });
  };
  service.start(settings).catch((error: unknown) => {
    if (ending) return;
    console.error(startFailure(error, settings));
    void end(1, { notice: false });
  });
}
