/** The question that an API server asks about the creation of a pod. */
import { randomUUID } from 'node:crypto';

export interface ReviewOptions {
  namespace: string;
  dryRun?: boolean | undefined;
}

/** Returns an AdmissionReview with all the fields that an API server sends. */
export function admissionReview(pod: { metadata?: { name?: string } }, { namespace, dryRun }: ReviewOptions) {
  const kind = { group: '', version: 'v1', kind: 'Pod' };
  const resource = { group: '', version: 'v1', resource: 'pods' };
  return {
    kind: 'AdmissionReview',
    apiVersion: 'admission.k8s.io/v1',
    request: {
      uid: randomUUID(),
      kind,
      resource,
      requestKind: kind,
      requestResource: resource,
      name: pod.metadata?.name,
      namespace,
      operation: 'CREATE',
      userInfo: {
        username: 'system:serviceaccount:kube-system:statefulset-controller',
        groups: ['system:serviceaccounts', 'system:authenticated'],
      },
      object: pod,
      oldObject: null,
      dryRun: dryRun ?? false,
      options: { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1' },
    },
  };
}

export type AdmissionReview = ReturnType<typeof admissionReview>;
