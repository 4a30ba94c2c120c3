import { type Clock, systemClock } from '../../watcher/clock.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { ask, type SidecarPlace } from '../sidecars/answer.ts';
import type { Sidecar } from '../sidecars/sidecar-of.ts';
import { standingOf, unasked, type ViewStanding } from '../sidecars/standing.ts';
import type { Truths } from '../sidecars/truths.ts';

/** A person sees no difference to sooner, and the API server passes each question on. */
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
    try {
      const answer = await ask(cluster, place);
      if (!signal.aborted && truths.current !== undefined) tell(standingOf(answer, sidecar, truths));
    } catch (error) {
      if (!signal.aborted) tell(unasked((error as Error).message));
    }
    await new Promise<void>((resolve) => {
      const timer = clock.setTimeout(() => resolve(), EVERY_MS);
      signal.addEventListener(
        'abort',
        () => {
          clock.clearTimeout(timer);
          resolve();
        },
        { once: true },
      );
    });
  }
}
