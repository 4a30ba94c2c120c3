/** The choice of the namespace in which `rollcall check` tries a pod. */
import { Unread } from '../cluster/listing.ts';
import { at, type Fields } from '../document/value.ts';
import { calls, type ExplainedEntry } from '../explain/entries.ts';
import { textsOf } from '../inject/input-namespaces.ts';
import { DEFAULT_NAMESPACE } from '../workloads.ts';
import type { CheckContext } from './finding.ts';

/** The annotations of the pod that is tried. */
export const ASKS = { 'rollcall.dev/inject': 'true', 'rollcall.dev/service': 'rollcall-check' };

/** The namespace to try a pod in. `leftOut` is the sentence that says why nobody would be asked about the pod there. */
export interface NamespaceToTry {
  namespace: string;
  leftOut?: string;
}

/**
 * Returns the namespace that the user named, else the default one, else the first in which the webhook is asked about
 * pods: an installation may name the only namespaces that it is for.
 */
export async function namespaceToTry(
  place: CheckContext,
  entries: readonly ExplainedEntry[],
): Promise<NamespaceToTry> {
  const all = await readNamespaces(place);
  const wanted = place.namespace ?? DEFAULT_NAMESPACE;
  const why = whyLeftOut(
    all.find((one) => nameOf(one) === wanted) ?? { metadata: { name: wanted } },
    entries,
  );
  if (why === undefined) return { namespace: wanted };
  // Another namespace can be tried only where the list of namespaces could be read.
  if (place.namespace !== undefined || all.length === 0) {
    const leftOut = `the webhook configuration leaves the namespace ${wanted} out (${why})`;
    return { namespace: wanted, leftOut };
  }
  const other = all.find((one) => !isEnding(one) && whyLeftOut(one, entries) === undefined);
  if (other !== undefined) return { namespace: nameOf(other) };
  return { namespace: wanted, leftOut: `the webhook configuration leaves out every namespace (${why})` };
}

/** Returns why nobody is asked about a pod of the namespace that asks itself; undefined where somebody is. */
function whyLeftOut(namespace: Fields, entries: readonly ExplainedEntry[]): string | undefined {
  const labels = {
    'kubernetes.io/metadata.name': nameOf(namespace),
    ...textsOf(at(namespace, ['metadata', 'labels'])),
  };
  const answers = entries.map((entry) => calls(entry, { labels: {}, annotations: ASKS }, labels));
  return answers.every(({ answer }) => answer === 'no') ? answers[0]?.why : undefined;
}

/** Returns the namespaces, and none where they can't be read, which another check tells. */
async function readNamespaces(place: CheckContext): Promise<readonly Fields[]> {
  try {
    return await place.namespaces();
  } catch (error) {
    if (error instanceof Unread) return [];
    throw error;
  }
}

function isEnding(namespace: Fields): boolean {
  return at(namespace, ['metadata', 'deletionTimestamp']) !== undefined;
}

function nameOf(namespace: Fields): string {
  return String(at(namespace, ['metadata', 'name']));
}
