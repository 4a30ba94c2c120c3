import type { Pod } from '../inject/pod.ts';
import type { AdmissionResponse, ReviewAnswer } from '../webhook/review.ts';
import type { Admission } from './admission.ts';
import { operationsOf, patched } from './ask.ts';

/** Returns the result of a review: what went over the wire, and the codes, which do not go over it. */
export function admissionOf(
  pod: Pod,
  response: AdmissionResponse,
  { result, report }: ReviewAnswer,
): Admission {
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
