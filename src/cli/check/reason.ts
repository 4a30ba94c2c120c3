/** A reason of the API is one word. Anything else does not go to a terminal. */
const REASON = /^[A-Za-z]{1,64}$/;

/** Tells whether a value is the reason that a kubelet or a scheduler gives for the state of a pod. */
export function isReason(value: unknown): value is string {
  return typeof value === 'string' && REASON.test(value);
}
