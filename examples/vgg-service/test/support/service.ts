import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

export interface ServiceOptions {
  args?: string[];
  env?: Record<string, string>;
  cwd?: string;
  /**
   * Whether the service leads a process group of its own, which `process.kill(-pid, …)` signals as a whole.
   *
   * @default false
   */
  group?: boolean;
}

/** The real service in a process of its own, as a user starts it. */
export class TestService implements AsyncDisposable {
  readonly process: ChildProcess;
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  stdout = '';
  stderr = '';
  /** `http://localhost:PORT`; empty until the service is ready. */
  url = '';

  constructor({ args = [], env = {}, cwd = tmpdir(), group = false }: ServiceOptions = {}) {
    if (!existsSync(main)) throw new Error('examples/vgg-service/dist is missing. Run npm run build first.');
    this.process = spawn(process.execPath, [main, '--port', '0', ...args], {
      cwd,
      detached: group,
      env: { ...process.env, PORT: '', VGG_WEIGHTS: '', VGG_MODEL: '', VGG_LABELS: '', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.process.stdout?.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    this.process.stderr?.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    this.exited = once(this.process, 'close').then(() => ({
      code: this.process.exitCode,
      signal: this.process.signalCode,
    }));
  }

  get pid(): number {
    const { pid } = this.process;
    if (pid === undefined) throw new Error('The service was not started');
    return pid;
  }

  /** Waits until stdout matches the pattern. */
  async line(pattern: RegExp): Promise<RegExpExecArray> {
    const { stdout } = this.process;
    if (!stdout) throw new Error('The service has no output');
    for (;;) {
      const match = pattern.exec(this.stdout);
      if (match) return match;
      if (stdout.readableEnded)
        throw new Error(`The service ended before it printed "${pattern.source}": ${this.stderr}`);
      await Promise.race([once(stdout, 'data'), this.exited]);
    }
  }

  async ready(): Promise<this> {
    const [, url] = await this.line(/^Ready: (http:\/\/localhost:\d+)\/vgg$/m);
    this.url = url ?? '';
    return this;
  }

  /** Process ids of its direct children (Linux). */
  children(): number[] {
    const tasks = `/proc/${this.pid}/task`;
    if (!existsSync(tasks)) return [];
    return readdirSync(tasks).flatMap((task) =>
      read(`${tasks}/${task}/children`).split(' ').filter(Boolean).map(Number),
    );
  }

  /** Sends a signal and waits until the service has ended. */
  async stop(signal: NodeJS.Signals = 'SIGINT') {
    this.process.kill(signal);
    return this.exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // A child that a test has stopped (SIGSTOP) cannot notice that its parent has ended.
    for (const pid of this.children()) process.kill(pid, 'SIGCONT');
    if (this.process.exitCode === null && this.process.signalCode === null) this.process.kill('SIGKILL');
    await this.exited;
  }
}

export async function startService(options?: ServiceOptions): Promise<TestService> {
  const service = new TestService(options);
  try {
    return await service.ready();
  } catch (error) {
    await service[Symbol.asyncDispose]();
    throw error;
  }
}

/** Whether a process runs. A zombie has ended, even if its parent has not read its exit code yet. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  return !/^State:\s+Z/m.test(read(`/proc/${pid}/status`));
}

/** Reads a file of /proc. The text is empty if the process or thread has ended meanwhile. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
