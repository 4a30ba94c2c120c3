import { type Clock, systemClock } from '../../watcher/clock.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { ask, type SidecarPlace } from '../sidecars/answer.ts';
import type { Sidecar } from '../sidecars/sidecar-of.ts';
import { standingOf, unasked, type ViewStanding } from '../sidecars/standing.ts';
import type { Truths } from '../sidecars/truths.ts';

/** The pause between two questions. The API server passes each on, and a person needs no shorter one. */
const EVERY_MS = 2000;

/** Asks one sidecar again and again how it sees the group, until the signal aborts. */
export async function followOwnView(
  cluster: Pick<Cluster, 'ofPod'>,
  { place, sidecar }: { place: SidecarPlace; sidecar: Sidecar },
  truths: Truths,
  tell: (own: ViewStanding) => void,
  signal: AbortSignal,
  clock: Clock = systemClock,
): Promise<void> {
  while (!signal.aborted) {
    const own = await askOnce(cluster, place, sidecar, truths);
    if (!signal.aborted && own !== undefined) tell(own);
    await pause(clock, signal);
  }
}

/** Returns undefined while there is no truth to compare the answer with. */
async function askOnce(
  cluster: Pick<Cluster, 'ofPod'>,
  place: SidecarPlace,
  sidecar: Sidecar,
  truths: Truths,
): Promise<ViewStanding | undefined> {
  try {
    const answer = await ask(cluster, place);
    return truths.current === undefined ? undefined : standingOf(answer, sidecar, truths);
  } catch (error) {
    return unasked((error as Error).message);
  }
}

/** Waits until the next question is due, or the signal aborts; the signal keeps nothing of it. */
function pause(clock: Clock, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clock.clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = clock.setTimeout(end, EVERY_MS);
    signal.addEventListener('abort', end);
    if (signal.aborted) end();
  });
}
