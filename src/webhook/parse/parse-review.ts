import type { Pod } from '../../inject/pod.ts';
import { visible } from '../../visible.ts';
import { dnsLabel, parsePod } from './parse-pod.ts';
import { at, flag, Misfit, matching, object, type Parser, text } from './shape.ts';

/** The fields of an admission.k8s.io/v1 AdmissionRequest that are read. */
export interface AdmissionRequest {
  uid: string;
  kind: { group: string; kind: string };
  operation: string;
  subResource?: string;
  namespace?: string;
  name?: string;
  dryRun?: boolean;
  /** The pod to create. For any other request it is an empty pod, since nothing of its object is read. */
  object: Pod;
}

/** The error that a request is no admission review that this webhook can answer. */
export class BadReview extends Error {}

/**
 * Parses the uid of a review, which is repeated in the answer and in the log. API servers send UUIDs, and 72
 * characters are twice that.
 */
const uid = matching(/^[\x21-\x7e]{1,72}$/, 'an id of 1 to 72 printable characters');

type Envelope = Omit<AdmissionRequest, 'object'> & { object?: object };

/** Parses the kind of the object. A missing group is the core group, whose name is empty. */
const kind: Parser<AdmissionRequest['kind']> = (value) => {
  const parsed = maybeWithGroup(value);
  return parsed.group === undefined ? { group: '', kind: parsed.kind } : (parsed as AdmissionRequest['kind']);
};
const maybeWithGroup = object<{ group?: string; kind: string }>({ group: text, kind: text }, 'kind');

const envelope = object<Envelope>(
  {
    uid,
    kind,
    operation: text,
    subResource: text,
    namespace: text,
    name: text,
    dryRun: flag,
    object: (value) => value as object,
  },
  'uid',
  'kind',
  'operation',
);

const NO_POD: Pod = { spec: { containers: [] } };

/**
 * Parses an AdmissionReview as API servers send it. Afterwards all fields that are read have the types that
 * are declared for them. It throws a `BadReview` that names the first field that has another type.
 */
export function parseReview(body: unknown): AdmissionRequest {
  const review = body as { apiVersion?: unknown; kind?: unknown; request?: unknown } | null | undefined;
  if (review?.kind !== 'AdmissionReview' || review.apiVersion !== 'admission.k8s.io/v1') {
    throw new BadReview('the body is not an AdmissionReview of admission.k8s.io/v1');
  }
  try {
    return at('request', request, review.request);
  } catch (error) {
    if (error instanceof Misfit) throw new BadReview(`${placeOf(error.path)} ${error.message}`);
    throw error;
  }
}

/** Tells whether the request creates a pod. All other requests are allowed without a look at them. */
export function isPodCreation({
  kind: { group, kind: name },
  operation,
  subResource,
}: Omit<AdmissionRequest, 'object'>): boolean {
  return name === 'Pod' && group === '' && operation === 'CREATE' && !subResource;
}

function request(value: unknown): AdmissionRequest {
  const { object: given, ...rest } = envelope(value);
  if (!isPodCreation(rest)) return { ...rest, object: NO_POD };
  // The namespace becomes part of URLs. The API server always names it for a pod.
  at('namespace', dnsLabel, rest.namespace);
  return { ...rest, object: at('object', parsePod, given) };
}

/** The number of characters of a field's name that are shown, since the caller chooses it. */
const SHOWN_CHARACTERS = 60;

/**
 * Returns the name of a place, such as `request.object.spec.containers[3].name`. Names that are no words are
 * quoted, and long ones are cut.
 */
function placeOf(path: readonly (string | number)[]): string {
  const steps = path.map((step) => {
    if (typeof step === 'number') return `[${step}]`;
    if (/^\w+$/.test(step) && step.length <= SHOWN_CHARACTERS) return `.${step}`;
    return `["${visible(step.length > SHOWN_CHARACTERS ? `${step.slice(0, SHOWN_CHARACTERS)}...` : step)}"]`;
  });
  return steps.join('').slice(1);
}
