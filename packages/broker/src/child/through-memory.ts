import type { Channel } from '../channel/channel.js';
import type { Frame } from '../channel/frame.js';
import { isAnswer } from '../channel/messages.js';
import type { ChildMemory } from '../channel/shared/child-memory.js';

type Sender = Pick<Channel, 'send' | 'hold' | 'flush' | 'flushed'>;

/** Sends frames whose large buffers go through shared memory. A call's arguments are taken back with its answer. */
export function throughMemory(channel: Sender, memory: ChildMemory): Sender {
  const placed = (frame: Frame): Frame => (isAnswer(frame.type) ? memory.answer(frame) : memory.place(frame));
  return {
    send: (frame) => {
      channel.send(placed(frame));
    },
    hold: (frame) => {
      channel.hold(placed(frame));
    },
    flush: () => channel.flush(),
    flushed: () => channel.flushed(),
  };
}
