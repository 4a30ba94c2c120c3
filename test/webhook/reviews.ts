/** Admission requests as an API server sends them, and the cluster that they are answered in. */
import type { Operation } from '../../src/inject/operations.ts';
import type { Pod } from '../../src/inject/pod.ts';
import type { AdmissionRequest } from '../../src/webhook/parse/parse-review.ts';
import type { AdmissionResponse, ReviewContext } from '../../src/webhook/review.ts';
import { askingPod, INSTALL, labelled, plain } from '../inject/pods.ts';

export function request(fields: Partial<AdmissionRequest> = {}): AdmissionRequest {
  return {
    uid: '705ab4f5-6393-11e8-b7cc-42010a800002',
    kind: { group: '', kind: 'Pod' },
    operation: 'CREATE',
    namespace: 'demo',
    name: 'db-0',
    object: askingPod(),
    ...fields,
  };
}

export function reviewOf(fields: Partial<AdmissionRequest> = {}): object {
  return { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request: request(fields) };
}

/** Namespaces `demo` and `labelled`; `ensured` has the accounts that access was ensured for, `told` what owners heard. */
export function cluster(overrides: Partial<ReviewContext> = {}) {
  const ensured: string[] = [];
  const told: string[] = [];
  const context: ReviewContext = {
    install: () => INSTALL,
    readNamespace: async (name) => ({ ...(name === 'labelled' ? labelled : plain), name }),
    grantsTo: async () => [],
    ensureAccess: async (namespace, { account }) => void ensured.push(`${namespace}/${account}`),
    tellOwner: (namespace, _pod, reasons) =>
      void told.push(...reasons.map(({ code }) => `${namespace} ${code}`)),
    ...overrides,
  };
  return { context, ensured, told };
}

export function operationsOf({ patch }: AdmissionResponse): Operation[] {
  return patch === undefined ? [] : JSON.parse(Buffer.from(patch, 'base64').toString());
}

/** A pod with the account of an application. */
export function podOf(account: string): Pod {
  return askingPod(({ spec }) => {
    Object.assign(spec, { serviceAccountName: account, serviceAccount: account });
  });
}
