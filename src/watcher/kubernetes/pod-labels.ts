import { Corrupt } from '../lines.ts';
import { isUid } from '../membership/grammar.ts';
import type { Malformed } from '../membership/malformed.ts';
import type { KubernetesObject, Listed } from './collection.ts';
import { objectAt, textAt } from './fields.ts';
import { type PodFacts, podFacts } from './pod-metadata.ts';

/** The facts of one pod, by its uid. */
export interface FactsOfPod {
  uid: string;
  facts: PodFacts;
}

/**
 * The metadata of objects without anything else of them. There is no other form beside these that would do: a server
 * that can't give them is to refuse, so that no specifications of pods come over the wire.
 */
const METADATA = {
  object: 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1',
  list: 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1',
};

/**
 * Returns the collection of what the pods of a namespace say beside who they are: labels of these keys, and when they
 * are to be gone. Of a pod that says none of it nothing is kept.
 */
export function podLabels(
  namespace: string,
  keys: readonly string[],
  malformed: Malformed,
): Listed<FactsOfPod> {
  return {
    path: `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods`,
    // Whole objects have the metadata too.
    kinds: ['PartialObjectMetadata', 'Pod'],
    namespace,
    accept: METADATA,
    members: (object) => factsOf(object, keys, malformed),
  };
}

function factsOf(object: KubernetesObject, keys: readonly string[], malformed: Malformed): FactsOfPod[] {
  const metadata = objectAt(object, 'metadata');
  const uid = textAt(metadata, 'uid');
  if (uid === undefined) throw new Corrupt('a pod without a uid');
  const facts = podFacts(metadata, keys, malformed);
  return isUid(uid) && Object.keys(facts).length > 0 ? [{ uid, facts }] : [];
}
