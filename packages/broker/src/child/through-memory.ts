import type { Channel } from '../channel/channel.js';
import { isAnswer } from '../channel/messages.js';
import type { ChildMemory } from '../channel/shared/child-memory.js';

type Sender = Pick<Channel, 'send' | 'hold' | 'flush' | 'flushed'>;

/** Sends frames whose large buffers go through shared memory. A call's arguments are taken back with its answer. */
export function throughMemory(channel: Sender, memory: ChildMemory): Sender {
  return {
    send: (...frames) => {
      const answers = frames.every(({ type }) => isAnswer(type));
      channel.send(...(answers ? memory.answer(frames) : frames.map((frame) => memory.place(frame))));
    },
    hold: (frame) => {
      channel.hold(memory.place(frame));
    },
    flush: () => channel.flush(),
    flushed: () => channel.flushed(),
  };
}
