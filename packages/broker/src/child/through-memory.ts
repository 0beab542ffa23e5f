import type { Channel } from '../channel/channel.js';
import { isAnswer } from '../channel/messages.js';
import type { ChildMemory } from '../channel/shared/child-memory.js';

type Sender = Pick<Channel, 'send' | 'flush' | 'flushed'>;

/** Sends frames whose large buffers go through shared memory. A call's arguments are taken back with its answer. */
export function throughMemory(channel: Sender, memory: ChildMemory): Sender {
  return {
    send: (frame) => {
      channel.send(isAnswer(frame.type) ? memory.answer(frame) : memory.place(frame));
    },
    flush: () => channel.flush(),
    flushed: () => channel.flushed(),
  };
}
