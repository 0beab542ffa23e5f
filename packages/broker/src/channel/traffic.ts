/** Bytes that have crossed a channel, as seen from one end. */
export interface Traffic {
  /** Number of bytes sent. */
  readonly sent: number;
  /** Number of bytes received. */
  readonly received: number;
}

export function sumTraffic(all: readonly (Traffic | undefined)[]): Traffic {
  const sum = { sent: 0, received: 0 };
  for (const { sent, received } of all.filter((one) => one !== undefined)) {
    sum.sent += sent;
    sum.received += received;
  }
  return sum;
}
