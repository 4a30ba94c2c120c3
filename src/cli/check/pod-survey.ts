import { keys } from '../../inject/annotations.ts';
import { decide } from '../../inject/inject.ts';
import { NAME } from '../../inject/names.ts';
import type { Install } from '../../inject/plan.ts';
import { type Namespace, own, type Pod } from '../../inject/pod.ts';
import { statusOf } from '../../inject/status.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { listed } from '../cluster/listing.ts';
import { at, type Fields, listAt } from '../document/value.ts';
import { calls, type ExplainedEntry } from '../explain/entries.ts';
import { InputNamespaces } from '../inject/input-namespaces.ts';
import { type Sidecar, sidecarOf } from '../sidecars/sidecar-of.ts';
import { itemsOf, podOfTemplate } from '../workloads.ts';
import { isReason } from './reason.ts';

const VERSION = /^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/;
/** The length of the longest version that is accepted; those of Rollcall are shorter. */
const VERSION_CHARACTERS = 64;

/** A pod that asks and has no sidecar. */
export interface MissedPod {
  namespace: string;
  name: string;
  /** Whether it asks by its own annotation, and not only by the label of its namespace. */
  itself: boolean;
  /** Whether the webhook configuration leaves the pod out, so that the API server asks nobody about it. */
  leftOut: boolean;
  object: Fields;
}

/** A pod that runs with a sidecar. */
export interface SidecarPod {
  namespace: string;
  name: string;
  port: Sidecar['port'];
  /** The version that injected it, by the pod's annotation; undefined when that holds no version. */
  version: string | undefined;
  /** The reason that the kubelet gives for a container that it can't start; undefined where it runs or is about to. */
  waits: string | undefined;
}

/** The pods of a cluster that `rollcall check` reports about. */
export interface PodSurvey {
  missed: MissedPod[];
  sidecars: SidecarPod[];
}

/** Looks at every pod that has not ended. Throws `Unread` where pods can't be read. */
export async function surveyPods(
  cluster: Cluster,
  objects: readonly Fields[],
  install: Install,
  entries: readonly ExplainedEntry[],
): Promise<PodSurvey> {
  const namespaces = namespacesOf(objects);
  const survey: PodSurvey = { missed: [], sidecars: [] };
  for await (const object of listed(cluster, { kind: 'Pod' })) {
    if (hasEnded(object) || !Array.isArray(at(object, ['spec', 'containers']))) continue;
    const [namespace, name] = [textAt(object, 'namespace'), textAt(object, 'name')];
    const pod = podOfTemplate(object);
    const sidecar = sidecarOf(object);
    const place = namespaces.namespace(namespace);
    if (sidecar !== undefined)
      survey.sidecars.push({
        namespace,
        name,
        port: sidecar.port,
        version: versionOf(pod),
        waits: whyWaiting(object),
      });
    else if (isMissed(pod, place, install))
      survey.missed.push({
        namespace,
        name,
        itself: asksItself(pod),
        leftOut: isLeftOut(pod, place, entries),
        object,
      });
  }
  return survey;
}

function namespacesOf(objects: readonly Fields[]): InputNamespaces {
  const list = { apiVersion: 'v1', kind: 'NamespaceList', items: [...objects] };
  return new InputNamespaces(itemsOf(list), '');
}

function hasEnded(pod: Fields): boolean {
  const phase = at(pod, ['status', 'phase']);
  return (
    phase === 'Succeeded' || phase === 'Failed' || at(pod, ['metadata', 'deletionTimestamp']) !== undefined
  );
}

function textAt(pod: Fields, field: 'name' | 'namespace'): string {
  return String(at(pod, ['metadata', field]));
}

/**
 * Tells whether the webhook would inject the pod, by the same rules. A pod that the webhook skips is not missed, since
 * its author was told, by a warning and an Event.
 */
function isMissed(pod: Pod, namespace: Namespace, install: Install): boolean {
  return decide(pod, { namespace, install, dryRun: true }).kind !== 'skip';
}

/** Tells whether no entry is called about the pod. Where there is no entry at all, the installation is what is wrong. */
function isLeftOut(pod: Pod, { labels }: Namespace, entries: readonly ExplainedEntry[]): boolean {
  const metadata = { labels: pod.metadata?.labels ?? {}, annotations: pod.metadata?.annotations ?? {} };
  return entries.length > 0 && entries.every((entry) => calls(entry, metadata, labels).answer === 'no');
}

function asksItself({ metadata }: Pod): boolean {
  return own(metadata?.annotations, keys.inject.key) !== undefined;
}

/** The reasons of every pod that starts: its volumes and its network are made, and what comes before is run. */
const STARTING = ['PodInitializing', 'ContainerCreating'];

function whyWaiting(pod: Fields): string | undefined {
  const statuses = ['initContainerStatuses', 'containerStatuses'].flatMap((list) =>
    listAt(pod, ['status', list]),
  );
  const status = statuses.find((one) => at(one, ['name']) === NAME);
  const reason = at(status, ['state', 'waiting', 'reason']);
  return isReason(reason) && !STARTING.includes(reason) ? reason : undefined;
}

/** Returns the version, if it is one: anybody can write the annotation, and it goes to a terminal. */
function versionOf(pod: Pod): string | undefined {
  const version = statusOf(pod)?.version ?? '';
  return version.length <= VERSION_CHARACTERS && VERSION.test(version) ? version : undefined;
}
