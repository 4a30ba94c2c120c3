/** What became of a pod that was sent to the webhook. */
import type { Code, Reason, Warning, WarningCode } from '../inject/codes.ts';
import type { Operation } from '../inject/operations.ts';
import type { Pod } from '../inject/pod.ts';
import type { AdmissionResponse, Answer } from '../webhook/review.ts';
import { operationsOf, patched } from './ask.ts';

/** The answer of the webhook to one pod. */
export interface Admission {
  /**
   * `injected`: the pod has the sidecar now. `unchanged`: it had it before. `skipped`: it is created as it is.
   * `denied`: it is not created.
   */
  decision: 'injected' | 'unchanged' | 'skipped' | 'denied';
  /** Whether the pod is created. */
  allowed: boolean;
  /** The codes of all that was told, as docs/reference.md lists them: of the reasons first, then of the warnings. */
  codes: (Code | WarningCode)[];
  /** All that was told, each with its code and a sentence that says what to do. */
  told: (Reason | Warning)[];
  /** The warnings as `kubectl` prints them. */
  warnings: string[];
  /** Why the pod is denied, as `kubectl` prints it; undefined when it is allowed. */
  message: string | undefined;
  /** The operations of the JSON patch; empty when nothing changes. */
  patch: Operation[];
  /** The pod after the patch. A pod that is skipped or denied is as it was sent. */
  pod: Pod;
}

/** Puts together what went over the wire and the codes that do not. */
export function admissionOf(pod: Pod, response: AdmissionResponse, { result, report }: Answer): Admission {
  const patch = operationsOf(response);
  const decision = report?.decision;
  const reasons = decision === undefined || decision.kind === 'inject' ? [] : decision.reasons;
  const told = [...reasons, ...(report?.warnings ?? [])];
  return {
    decision: result,
    allowed: response.allowed,
    codes: told.map(({ code }) => code),
    told,
    warnings: response.warnings ?? [],
    message: response.status?.message,
    patch,
    pod: patched(pod, patch),
  };
}
