import { readdirSync, readFileSync } from 'node:fs';

/**
 * The variable that every process started by a hook has inherited. A daemon that left its process group
 * and its session is still known by it; one that cleans its environment is known by its group.
 */
export const MARK = 'ROLLCALL_HOOK';

/**
 * Returns the processes that run under a mark, or in one of the process groups: what commands left running
 * when they ended. Those of the group `except` are left out. The list is empty where there is no /proc.
 */
export function orphans(mark: string, groups: ReadonlySet<number>, except: number | undefined): number[] {
  return processes().filter((pid) => {
    const group = pid === process.pid ? undefined : groupOf(pid);
    return group !== undefined && group !== except && (groups.has(group) || isMarked(pid, mark));
  });
}

/** Tells whether anything runs in the process group; once nothing does, its number may become another's. */
export function isGroupThere(group: number): boolean {
  try {
    process.kill(-group, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Sends a signal to each of the processes; one that has just ended needs none. */
export function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch {
      // It has ended, or belongs to another user, whom this one may not signal.
    }
  }
}

function processes(): number[] {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch {
    // A machine without /proc has no processes that could be found.
    return [];
  }
}

/**
 * Returns the process group; undefined for a process that has ended, as a zombie has, which only its parent
 * takes away.
 */
function groupOf(pid: number): number | undefined {
  // The name of the program stands in parentheses and may hold anything; what follows is plain.
  const stat = read(`/proc/${pid}/stat`);
  const [state, , group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return group === undefined || state === 'Z' || state === 'X' ? undefined : Number(group);
}

function isMarked(pid: number, mark: string): boolean {
  return read(`/proc/${pid}/environ`).split('\0').includes(`${MARK}=${mark}`);
}

/**
 * Reads a file of /proc. The text is empty for a process that has ended meanwhile, or that belongs to another
 * user.
 */
function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
