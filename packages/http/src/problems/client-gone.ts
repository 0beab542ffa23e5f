/** The client closed its connection before the answer was complete. Nobody is left to be told. */
export class ClientGone extends Error {
  override readonly name = 'ClientGone';

  constructor() {
    super('The client closed the connection before the answer was complete');
  }
}
