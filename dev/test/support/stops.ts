import { signalGroup } from './command.js';

/** The ways in which people and supervisors stop npm, given its process id. */
export const stops: readonly (readonly [name: string, stop: (npm: number) => void])[] = [
  ['SIGTERM to npm', (npm) => process.kill(npm, 'SIGTERM')],
  ['SIGKILL to npm', (npm) => process.kill(npm, 'SIGKILL')],
  // A terminal sends the signal to every process of the group.
  [
    'Ctrl-C',
    (npm) => {
      signalGroup(npm, 'SIGINT');
    },
  ],
];
