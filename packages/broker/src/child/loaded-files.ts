import * as modules from 'node:module';
import process from 'node:process';
import { setImmediate } from 'node:timers';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';

/** Follows which files are loaded, and reports each once. */
export class LoadedFiles {
  readonly #report: (files: readonly string[]) => void;
  readonly #known = new Set<string>();
  #unreported: string[] = [];
  /** Takes what has been noted elsewhere. */
  readonly #collect: () => void;

  /** @param report Gets absolute paths, without those in `node_modules`. */
  constructor(report: (files: readonly string[]) => void) {
    this.#report = report;
    this.#collect = followModules((url) => {
      this.#note(url);
    });
  }

  /** Reports the files that have been loaded so far. */
  flush(): void {
    this.#collect();
    if (this.#unreported.length > 0) this.#report(this.#unreported.splice(0));
  }

  #note(url: string): void {
    if (!url.startsWith('file:')) return;
    const path = fileURLToPath(url);
    if (this.#known.has(path) || /[\\/]node_modules[\\/]/.test(path)) return;
    this.#known.add(path);
    this.#unreported.push(path);
    if (this.#unreported.length > 1) return;
    setImmediate(() => {
      this.flush();
    }).unref();
  }
}

/** Runs in the thread of Node's module hooks. */
const HOOKS = `
let port;
export function initialize(data) { port = data.port; }
export async function resolve(specifier, context, next) {
  const resolved = await next(specifier, context);
  port.postMessage(resolved.url);
  return resolved;
}`;

/** `registerHooks` of Node 22.15 and later, which Node 20's types lack. It also hears of `require`. */
type RegisterHooks = (hooks: {
  resolve: (specifier: string, context: unknown, next: Resolve) => { url: string };
}) => void;
type Resolve = (specifier: string, context: unknown) => { url: string };

/**
 * Calls `note` with the URL of each module that is imported or required from now on.
 * @returns A function that calls it for the modules that only another thread, or only `require`, knows of.
 */
function followModules(note: (url: string) => void): () => void {
  const registerHooks: unknown = Reflect.get(modules, 'registerHooks');
  if (typeof registerHooks === 'function') {
    (registerHooks as RegisterHooks)({
      resolve(specifier, context, next) {
        const resolved = next(specifier, context);
        note(resolved.url);
        return resolved;
      },
    });
    return () => undefined;
  }
  const { port1, port2 } = new MessageChannel();
  const hooks = `data:text/javascript,${encodeURIComponent(HOOKS)}`;
  modules.register(hooks, { data: { port: port2 }, transferList: [port2] });
  port1.on('message', note).unref();
  const { cache } = modules.createRequire(process.execPath);
  return () => {
    for (let one = receiveMessageOnPort(port1); one !== undefined; one = receiveMessageOnPort(port1))
      note(String(one.message));
    for (const path of Object.keys(cache)) note(pathToFileURL(path).href);
  };
}
