import type { AccessNeed } from '../inject/account.ts';
import { inject } from '../inject/inject.ts';
import type { Operation } from '../inject/operations.ts';
import type { Install } from '../inject/plan.ts';
import type { Namespace, Pod } from '../inject/pod.ts';
import { type Code, isSurprising } from '../inject/problem.ts';
import { type AdmissionRequest, isPodCreation } from './parse-review.ts';

export interface AdmissionResponse {
  uid: string;
  allowed: boolean;
  patchType?: 'JSONPatch';
  /** Base64 of the operations. */
  patch?: string;
  warnings?: string[];
  status?: { code: number; reason: string; message: string };
}

export type Result = 'injected' | 'unchanged' | 'skipped' | 'denied';

export interface Answer {
  result: Result;
  /** Why a pod was skipped or denied; empty otherwise. */
  code: string;
  response: AdmissionResponse;
}

/** What a review needs from the cluster. */
export interface ReviewContext {
  install(): Install;
  /** At once when it is known, else read; throws what the API server says when there is none. */
  readNamespace(name: string): Namespace | Promise<Namespace>;
  /** At once when all of it is known to be there. */
  ensureAccess(namespace: string, need: AccessNeed): void | Promise<void>;
  /** Tells whoever owns the pod why it is not injected; not waited for. */
  tellOwner(namespace: string, pod: Pod, code: Code, sentence: string): void;
}

/** Decides, provisions, patches: the answer to one pod. Throws on faults that are not the pod's. */
export async function review(request: AdmissionRequest, context: ReviewContext): Promise<Answer> {
  const { uid, object: pod } = request;
  if (!isPodCreation(request)) return allowed(uid, 'skipped', 'not-a-pod-creation');
  // The request is not to be believed about the namespace: anybody can post one.
  const namespace = await context.readNamespace(request.namespace!);
  const dryRun = request.dryRun === true;
  const report = inject(pod, { namespace, install: context.install(), dryRun });
  const { decision, plan, warnings } = report;
  if (decision.kind === 'deny') return denied(uid, decision.code, decision.sentence, warnings);
  if (decision.kind === 'skip') {
    const { code, sentence } = decision;
    // Nothing is made in an excluded namespace, no Event either.
    if (!dryRun && isSurprising(code) && code !== 'excluded-namespace')
      context.tellOwner(namespace.name, pod, code, sentence);
    return allowed(uid, 'skipped', code, warnings);
  }
  if (plan?.access !== undefined) await context.ensureAccess(namespace.name, plan.access);
  return allowed(uid, report.patch.length > 0 ? 'injected' : 'unchanged', '', warnings, report.patch);
}

function allowed(
  uid: string,
  result: Result,
  code: string,
  warnings: string[] = [],
  operations: Operation[] = [],
): Answer {
  const response: AdmissionResponse = { uid, allowed: true };
  if (warnings.length > 0) response.warnings = warnings;
  if (operations.length > 0) {
    response.patchType = 'JSONPatch';
    response.patch = base64(JSON.stringify(operations));
  }
  return { result, code, response };
}

/** Of the text as UTF-8. */
function base64(text: string): string {
  return Buffer.byteLength(text) === text.length ? btoa(text) : Buffer.from(text).toString('base64');
}

function denied(uid: string, code: string, message: string, warnings: string[]): Answer {
  const status = { code: 422, reason: 'Invalid', message: `rollcall (${code}): ${message}` };
  const response: AdmissionResponse = { uid, allowed: false, status };
  if (warnings.length > 0) response.warnings = warnings;
  return { result: 'denied', code, response };
}
