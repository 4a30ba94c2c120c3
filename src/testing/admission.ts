/** The result for a pod that was sent to the webhook. */
import type { Code, Reason, Warning, WarningCode } from '../inject/codes.ts';
import type { Operation } from '../inject/operations.ts';
import type { Pod } from '../inject/pod.ts';

/** The answer of the webhook to one pod. */
export interface Admission {
  /**
   * `injected`: the pod has the sidecar now. `unchanged`: it had it before. `skipped`: it is created as it is.
   * `denied`: it is not created.
   */
  decision: 'injected' | 'unchanged' | 'skipped' | 'denied';
  /** Whether the pod is created. */
  allowed: boolean;
  /** The codes of all reasons, then those of all warnings, as docs/reference.md lists them. */
  codes: (Code | WarningCode)[];
  /** The reasons and warnings, each with its code and a sentence that says what to do. */
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
