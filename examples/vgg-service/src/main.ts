import { onStopSignal } from './lifecycle/stop-signal.js';
import { makeLog } from './log.js';
import { Service } from './service.js';
import { help, parseCommandLine, type Settings } from './settings/command-line.js';
import { UsageError } from './settings/usage-error.js';
import { startFailure } from './start-failure.js';

const settings = read();
if (settings === 'help') console.log(help());
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
  const log = makeLog(settings.log);
  const service = new Service(settings, log);
  let ending = false;

  const end = async (exitCode: number, { notice }: { notice: boolean }): Promise<void> => {
    if (ending) return;
    ending = true;
    await service.stop({ notice });
    process.exit(exitCode);
  };

  // Pause only for SIGTERM: a load balancer needs time to notice. After Ctrl-C, a person waits for the prompt.
  onStopSignal((signal) => void end(0, { notice: signal === 'SIGTERM' && service.model.state === 'ready' }));
  service.onState = (state) => {
    if (ending) return;
    if (state === 'restarting') log.warn("The model's process ended. A new one is starting.");
    if (state === 'ready') log.info('The model is ready again.');
    if (state !== 'failed') return;
    log.fatal("The model's process could not be started again. The service stops.");
    void end(1, { notice: false });
  };
  service.start().catch((error: unknown) => {
    if (ending) return;
    console.error(startFailure(error, settings));
    void end(1, { notice: false });
  });
}
