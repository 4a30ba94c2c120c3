import { systemClock } from '../../watcher/clock.ts';
import type { Listed } from '../../watcher/kubernetes/collection.ts';
import { pods } from '../../watcher/kubernetes/pods.ts';
import { follow } from '../../watcher/kubernetes/reflector.ts';
import { silent } from '../../watcher/log.ts';
import type { SourceEvent } from '../../watcher/source.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { ask } from '../sidecars/answer.ts';
import type { DashboardState } from './dashboard-state.ts';
import type { HeldPod } from './held-pod.ts';
import { namespaceList, podList, sliceList } from './lists.ts';
import { QuestionPace, TICK_MS } from './question-pace.ts';

/**
 * The pause between two looks for sidecars to ask: the longest wait for the first answers of a group that is opened.
 */
const LOOK_MS = 250;

/** Follows the lists of the cluster, asks the sidecars of the groups that somebody looks at, and tells the state. */
export class Following {
  #cluster: Cluster;
  #state: DashboardState;
  #signal: AbortSignal;
  #failed: (error: Error) => void;
  #pace = new QuestionPace();
  #selectors = new Set<string>();
  #looked: ReadonlyMap<string, HeldPod> = new Map();

  constructor(cluster: Cluster, state: DashboardState, signal: AbortSignal, failed: (error: Error) => void) {
    this.#cluster = cluster;
    this.#state = state;
    this.#signal = signal;
    this.#failed = failed;
  }

  /** Follows the cluster, or only this namespace; `looked` returns the groups that somebody looks at. */
  start(only: string | undefined, looked: () => ReadonlySet<string>): void {
    this.#follow(namespaceList(only), (event) => this.#state.namespaces(event));
    this.#follow(podList(only), (event) => this.#state.pods(event));
    this.#follow(sliceList(only), (event) => this.#state.slices(event));
    const timers = [
      setInterval(() => this.#look(looked()), LOOK_MS),
      setInterval(() => this.#askNext(), TICK_MS),
    ];
    const stop = () => {
      for (const timer of timers) clearInterval(timer);
    };
    this.#signal.addEventListener('abort', stop, { once: true });
  }

  #follow<Kept>(list: Listed<Kept>, tell: (event: SourceEvent<Kept>) => void): void {
    const events = follow(list, this.#cluster.watching, systemClock, silent);
    void tellAll(events, tell, this.#signal).catch(this.#failed);
  }

  /** Notes which sidecars are to be asked: those that run in the groups that somebody looks at. */
  #look(looked: ReadonlySet<string>): void {
    for (const group of looked) this.#followSelector(group);
    const sidecars = [...looked].flatMap((group) => [...(this.#state.sidecars.get(group) ?? [])]);
    this.#looked = new Map(
      sidecars.filter(([, { phase, sidecar }]) => phase === 'Running' && sidecar!.port !== 'off'),
    );
    this.#pace.keep(this.#looked);
  }

  #askNext(): void {
    const key = this.#pace.next(this.#looked.keys(), performance.now());
    if (key === undefined) return;
    const { namespace, name, sidecar } = this.#looked.get(key)!;
    void ask(this.#cluster, { namespace, pod: name, port: sidecar!.port as number })
      .then((answer) => this.#state.heard(key, { answer, at: Date.now() }))
      .catch((error: Error) => this.#state.heard(key, { why: error.message, at: Date.now() }))
      .finally(() => this.#pace.answered(key));
  }

  /** A group by a label selector has a list of its own, which is followed from the first look at it on. */
  #followSelector(key: string): void {
    const [namespace, kind, ...rest] = key.split('/');
    if (kind !== 'selector' || this.#selectors.has(key) || !this.#state.groups.has(key)) return;
    this.#selectors.add(key);
    const group = { namespace: namespace!, selector: rest.join('/') };
    this.#follow(pods({ group, clusterDomain: 'cluster.local' }), (event) =>
      this.#state.selected(key, event),
    );
  }
}

async function tellAll<Kept>(
  events: AsyncIterable<SourceEvent<Kept>>,
  tell: (event: SourceEvent<Kept>) => void,
  signal: AbortSignal,
): Promise<void> {
  for await (const event of events) {
    if (signal.aborted) return;
    tell(event);
  }
}
