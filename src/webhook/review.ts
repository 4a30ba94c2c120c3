import { isSurprising, type Reasons } from '../inject/codes.ts';
import { askedFor } from '../inject/grant.ts';
import { inject, type Report } from '../inject/inject.ts';
import type { Operation } from '../inject/operations.ts';
import type { Install } from '../inject/plan.ts';
import type { Namespace, Pod } from '../inject/pod.ts';
import type { AccessNeed } from '../inject/roles.ts';
import { type AdmissionRequest, isPodCreation } from './parse/parse-review.ts';
import { reasonsText, warningTexts } from './told.ts';

export interface AdmissionResponse {
  uid: string;
  allowed: boolean;
  patchType?: 'JSONPatch';
  /** The operations in base64. */
  patch?: string;
  warnings?: string[];
  status?: { code: number; reason: string; message: string };
}

export type ReviewResult = 'injected' | 'unchanged' | 'skipped' | 'denied';

export interface ReviewAnswer {
  result: ReviewResult;
  /** The first of the reasons why a pod was skipped or denied; empty otherwise. */
  code: string;
  response: AdmissionResponse;
  /** The decision and its reasons; undefined where the request creates no pod. */
  report?: Report;
}

/** The things that a review needs from the cluster. */
export interface ReviewContext {
  install(): Install;
  /** Returns the namespace, at once when it is known; throws what the API server says when there is none. */
  readNamespace(name: string): Namespace | Promise<Namespace>;
  /** Returns those of the namespaces that grant `home` to look at their Services. */
  grantsTo(home: string, names: readonly string[]): Promise<readonly string[]>;
  /** Provides the access; returns at once when all of it is known to be there. */
  ensureAccess(namespace: string, need: AccessNeed): void | Promise<void>;
  /** Tells whoever owns the pod why it is not injected; not waited for. */
  tellOwner(namespace: string, pod: Pod, reasons: Reasons): void;
}

/** Decides about one pod, provides what it needs, and answers. Throws on faults that are not the pod's. */
export async function review(request: AdmissionRequest, context: ReviewContext): Promise<ReviewAnswer> {
  const { uid, object: pod } = request;
  if (!isPodCreation(request)) return allowed(uid, 'skipped', 'not-a-pod-creation');
  // The request is not to be believed about the namespace: anybody can post one.
  const namespace = await context.readNamespace(request.namespace!);
  const dryRun = request.dryRun === true;
  const report = await reportOf(pod, namespace, dryRun, context);
  const { decision, plan } = report;
  const warnings = warningTexts(report);
  if (decision.kind === 'deny') return { ...denied(uid, decision.reasons, warnings), report };
  if (decision.kind === 'skip') {
    const [{ code }] = decision.reasons;
    // No object is made in an excluded namespace, and an Event is one.
    if (!dryRun && isSurprising(code) && code !== 'excluded-namespace')
      context.tellOwner(namespace.name, pod, decision.reasons);
    return { ...allowed(uid, 'skipped', code, warnings), report };
  }
  if (plan?.access !== undefined) await context.ensureAccess(namespace.name, plan.access);
  const result = report.patch.length > 0 ? 'injected' : 'unchanged';
  return { ...allowed(uid, result, '', warnings, report.patch), report };
}

/** Judges the pod, and once more where its groups are in other namespaces, by what those grant. */
async function reportOf(
  pod: Pod,
  namespace: Namespace,
  dryRun: boolean,
  context: ReviewContext,
): Promise<Report> {
  const given = { install: context.install(), dryRun, admission: true };
  const report = inject(pod, { namespace, ...given });
  const asked = askedFor(report.decision, namespace.name);
  if (asked.length === 0) return report;
  const grantedBy = await context.grantsTo(namespace.name, asked);
  return inject(pod, { namespace: { ...namespace, grantedBy }, ...given });
}

function allowed(
  uid: string,
  result: ReviewResult,
  code: string,
  warnings: string[] = [],
  operations: Operation[] = [],
): ReviewAnswer {
  const response: AdmissionResponse = { uid, allowed: true };
  if (warnings.length > 0) response.warnings = warnings;
  if (operations.length > 0) {
    response.patchType = 'JSONPatch';
    response.patch = base64(JSON.stringify(operations));
  }
  return { result, code, response };
}

/** Encodes the text, as UTF-8, in base64. */
function base64(text: string): string {
  return Buffer.byteLength(text) === text.length ? btoa(text) : Buffer.from(text).toString('base64');
}

function denied(uid: string, reasons: Reasons, warnings: string[]): ReviewAnswer {
  const status = { code: 422, reason: 'Invalid', message: reasonsText(reasons) };
  const response: AdmissionResponse = { uid, allowed: false, status };
  if (warnings.length > 0) response.warnings = warnings;
  return { result: 'denied', code: reasons[0].code, response };
}
