import type { Channel } from '../channel/channel.js';
import type { Frame } from '../channel/frame.js';
import type { ChildMemory } from '../channel/shared/child-memory.js';

type Sender = Pick<Channel, 'send' | 'hold' | 'flush' | 'flushed'>;

/** Sends frames for the `Host`. */
export interface HostChannel extends Sender {
  /** Sends the answers of calls, and takes the memory of their arguments back. */
  answer(frames: readonly Frame[]): void;
}

/** Puts the large buffers of frames into shared memory, if there is any. */
export function throughMemory(channel: Sender, memory: () => ChildMemory | undefined): HostChannel {
  const place = (frame: Frame): Frame => memory()?.place(frame) ?? frame;
  return {
    send: (frame) => {
      channel.send(place(frame));
    },
    answer: (frames) => {
      for (const frame of memory()?.answer(frames) ?? frames) channel.send(frame);
    },
    hold: (frame) => {
      channel.hold(place(frame));
    },
    flush: () => channel.flush(),
    flushed: () => channel.flushed(),
  };
}
