import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import type { Code, Reasons } from '../inject/codes.ts';
import type { OwnerReference, Pod } from '../inject/pod.ts';
import type { Log } from '../log.ts';
import { WEBHOOK_METRICS } from '../metric-table.ts';
import type { Metrics } from '../metrics.ts';
import { type Clock, systemClock } from '../watcher/clock.ts';
import { type Api, isStatus, sentenceOf } from './api/api.ts';
import { eventsPath } from './api/paths.ts';
import { reasonsText } from './told.ts';

/** The component that Events name; the policy on the webhook's own account knows it. */
export const REPORTER = 'rollcall.dev/webhook';

/** The time for which an owner is not told again: an API server keeps an Event for an hour by default. */
const REMEMBERED_MS = 3_600_000;
/** The number of pairs of owner and code that are remembered. Each takes under 100 bytes. */
const REMEMBERED = 10_000;
/** The largest number of Events in a minute, since Jobs make owners that are new all the time. */
const EVENTS_A_MINUTE = 60;
/**
 * The largest number of Events in a minute of one namespace, so that one tenant, whose pods may name any owner, does not
 * keep the others from being told.
 */
const EVENTS_OF_NAMESPACE = 20;
const MINUTE_MS = 60_000;
/** The length of a message. The API server accepts 1,024 characters. */
const MESSAGE_CHARACTERS = 1000;

/**
 * Tells the owner of a pod (its ReplicaSet, StatefulSet, Job...) why its pods run without the sidecar. Each owner
 * gets one Event for each first code, with all reasons in it, whichever replica is asked, however often. A pod
 * without an owner was made by somebody who reads the warning of the answer.
 */
export class SkipEvents {
  #api: Api;
  #log: Log;
  #clock: Pick<Clock, 'now' | 'date'>;
  #told = new Map<string, number>();
  #recent: { at: number; namespace: string }[] = [];
  #count: (result: 'created' | 'failed' | 'dropped') => void;

  constructor(api: Api, metrics: Metrics, log: Log, clock: Pick<Clock, 'now' | 'date'> = systemClock) {
    this.#api = api;
    this.#log = log;
    this.#clock = clock;
    const counter = metrics.counter(WEBHOOK_METRICS.skipEvents);
    this.#count = (result) => counter.inc({ result });
  }

  /** Tells the owner. It never rejects, and the caller need not wait, since the pod does not depend on it. */
  async tell(namespace: string, { metadata }: Pod, reasons: Reasons): Promise<void> {
    const [{ code }] = reasons;
    const owner = metadata?.ownerReferences?.find(({ controller }) => controller === true);
    const key = `${owner?.uid} ${code}`;
    if (owner === undefined || !this.#isNews(key, namespace)) return;
    try {
      const body = event(this.#clock.date(), namespace, owner, code, reasonsText(reasons));
      await this.#api.create(eventsPath(namespace), body);
      this.#count('created');
    } catch (error) {
      // Another replica, or this one before it was restarted, has told it.
      if (isStatus(error, 409)) return;
      // The next pod of the owner tries again.
      this.#told.delete(key);
      this.#count('failed');
      this.#log.warn('event not created', { namespace, code, error: sentenceOf(error) });
    }
  }

  #isNews(key: string, namespace: string): boolean {
    const now = this.#clock.now();
    const told = this.#told.get(key);
    if (told !== undefined && now - told < REMEMBERED_MS) return false;
    this.#recent = this.#recent.filter(({ at }) => now - at < MINUTE_MS);
    const ofNamespace = this.#recent.filter((one) => one.namespace === namespace);
    if (this.#recent.length >= EVENTS_A_MINUTE || ofNamespace.length >= EVENTS_OF_NAMESPACE) {
      this.#count('dropped');
      return false;
    }
    this.#recent.push({ at: now, namespace });
    this.#told.delete(key);
    this.#told.set(key, now);
    const [oldest] = this.#told.keys();
    if (this.#told.size > REMEMBERED) this.#told.delete(oldest!);
    return true;
  }
}

/** Returns an Event under a name that all replicas give it; the hour is in it, so that it can be told again later. */
function event(now: Date, namespace: string, owner: OwnerReference, code: Code, message: string) {
  const hour = Math.floor(now.getTime() / REMEMBERED_MS);
  const hash = createHash('sha256').update(`${owner.uid} ${code} ${hour}`).digest('hex').slice(0, 16);
  return {
    metadata: { name: `${owner.name.slice(0, 200)}.${hash}`, namespace },
    involvedObject: {
      apiVersion: owner.apiVersion,
      kind: owner.kind,
      name: owner.name,
      uid: owner.uid,
      namespace,
    },
    type: 'Warning',
    reason: 'NotInjected',
    message: message.slice(0, MESSAGE_CHARACTERS),
    action: 'Inject',
    source: { component: 'rollcall' },
    reportingComponent: REPORTER,
    reportingInstance: hostname(),
    firstTimestamp: now,
    lastTimestamp: now,
    count: 1,
  };
}
