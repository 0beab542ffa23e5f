const DRAINING = Symbol.for('@dual/http/draining');

/** The clients of a service that is being shut down. Both builds of this package share it. */
function drainingClients(): WeakSet<object> {
  const known: unknown = Reflect.get(globalThis, DRAINING);
  if (known instanceof WeakSet) return known;
  const made = new WeakSet();
  Object.defineProperty(globalThis, DRAINING, { value: made });
  return made;
}

/** Makes the readiness of the client's service false, for good. */
export function markDraining(client: object): void {
  drainingClients().add(client);
}

/** Whether the service of this client is being shut down. */
export function isDraining(client: object): boolean {
  return drainingClients().has(client);
}
