import type { Channel } from '../channel/channel.js';
import type { Frame } from '../channel/frame.js';
import { isAnswer } from '../channel/messages.js';
import type { ChildMemory } from '../channel/shared/child-memory.js';

type Sender = Pick<Channel, 'send' | 'hold' | 'flush' | 'flushed'>;

/**
 * Sends frames, and puts their large buffers into shared memory if there is any. With the answer of a call, its arguments
 * are taken back.
 */
export function throughMemory(channel: Sender, memory: () => ChildMemory | undefined): Sender {
  const place = (frame: Frame): Frame => memory()?.place(frame) ?? frame;
  return {
    send: (...frames) => {
      const answers = frames.every(({ type }) => isAnswer(type));
      channel.send(...(answers ? (memory()?.answer(frames) ?? frames) : frames.map(place)));
    },
    hold: (frame) => {
      channel.hold(place(frame));
    },
    flush: () => channel.flush(),
    flushed: () => channel.flushed(),
  };
}
