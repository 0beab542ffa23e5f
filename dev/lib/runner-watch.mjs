import { readFileSync } from 'node:fs';

/**
 * Returns a function that tells whether the npm that started this process is gone.
 *
 * npm runs a script under `sh -c`, and a SIGTERM to npm ends that shell alone; a SIGKILL not even that. Node cannot
 * hear about the end of a parent, but whoever loses one gets another, so the ids of the two above us tell.
 */
export function watchRunner() {
  const before = ancestors().join();
  // npm may have been stopped while this process was only starting: then its place is taken already.
  const late = isOrphan(...ancestors());
  return () => late || ancestors().join() !== before;
}

/**
 * The ids of our parent and, where the system tells, of its parent.
 *
 * @returns {[parent: number, grandparent?: number]}
 */
function ancestors() {
  const stat = read(process.ppid, 'stat');
  // proc(5): the name in brackets may hold anything; after it come the state and the parent's id.
  const grandparent = stat?.slice(stat.lastIndexOf(')')).split(' ')[2];
  return grandparent === undefined ? [process.ppid] : [process.ppid, Number(grandparent)];
}

/**
 * Whether process 1, which takes in orphans, stands where npm should: above us, or above the shell between.
 *
 * @param {number} parent
 * @param {number} [grandparent]
 */
function isOrphan(parent, grandparent) {
  const shellBetween = read(parent, 'cmdline')?.split('\0')[1] === '-c';
  if (parent !== 1 && !(shellBetween && grandparent === 1)) return false;
  // In a container process 1 may well be npm, or another that runs scripts as npm does.
  return !/npm|yarn|node/.test(read(1, 'cmdline') ?? '');
}

/**
 * What Linux tells about a process; undefined where there is no such process, or no such system.
 *
 * @param {number} pid
 * @param {'stat' | 'cmdline'} file
 */
function read(pid, file) {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1');
  } catch {
    return undefined;
  }
}
