import type { Pod } from '../inject/pod.ts';
import { visible } from '../inject/shown.ts';
import { dnsLabel, parsePod } from './parse-pod.ts';
import { at, flag, Misfit, matching, object, type Parser, text } from './shape.ts';

/** The parts of an admission.k8s.io/v1 AdmissionRequest that are read. */
export interface AdmissionRequest {
  uid: string;
  kind: { group: string; kind: string };
  operation: string;
  subResource?: string;
  namespace?: string;
  name?: string;
  dryRun?: boolean;
  /** The pod that is to be created; of any other request an empty one, since nothing of its object is read. */
  object: Pod;
}

/** The request is not an admission review that this webhook can answer. */
export class BadReview extends Error {}

/**
 * An API server names reviews by UUIDs; the name comes back in the answer and stands in the log. Twice as long
 * is as much as anybody needs.
 */
const uid = matching(/^[\x21-\x7e]{1,72}$/, 'an id of 1 to 72 printable characters');

type Envelope = Omit<AdmissionRequest, 'object'> & { object?: object };

/** Where the request names no group, it is the core's, which has no name. */
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
 * An AdmissionReview as posted by an API server, with every place that is read behind in the shape that its
 * type declares; throws `BadReview` with the place that has not.
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

/** Whether a pod is to be made: all else is answered without a look at it. */
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
  // It goes into URLs. A pod is in a namespace, which the API server always names.
  at('namespace', dnsLabel, rest.namespace);
  return { ...rest, object: at('object', parsePod, given) };
}

/** Of a name that somebody chose so many characters are shown. */
const SHOWN_CHARACTERS = 60;

/** `request.object.spec.containers[3].name`; names that are no words stand in quotes, and long ones are cut. */
function placeOf(path: readonly (string | number)[]): string {
  const steps = path.map((step) => {
    if (typeof step === 'number') return `[${step}]`;
    if (/^\w+$/.test(step) && step.length <= SHOWN_CHARACTERS) return `.${step}`;
    return `["${visible(step.length > SHOWN_CHARACTERS ? `${step.slice(0, SHOWN_CHARACTERS)}...` : step)}"]`;
  });
  return steps.join('').slice(1);
}
