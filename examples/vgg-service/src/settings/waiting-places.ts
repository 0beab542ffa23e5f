import type { Settings } from './command-line.js';

/** Number of images that may be in the service at once: those that wait, and those of one prediction. */
export function waitingPlaces(settings: Pick<Settings, 'max-queue' | 'batch-size'>): number {
  return settings['max-queue'] + settings['batch-size'];
}
