import type { AdmissionResponse } from './review.ts';

const ENVELOPE = '{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":';

/**
 * Returns the AdmissionReview that carries this response. The patch is most of it, and base64 has no character that JSON
 * escapes, so it is put in as it is and not read once more.
 */
export function reviewText({ patch, ...rest }: AdmissionResponse): string {
  const text = JSON.stringify(rest);
  if (patch === undefined) return `${ENVELOPE}${text}}`;
  return `${ENVELOPE}${text.slice(0, -1)},"patch":"${patch}"}}`;
}
