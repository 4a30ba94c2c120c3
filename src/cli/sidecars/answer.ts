import type { Cluster } from '../cluster/cluster.ts';
import { refusal, Unreachable } from '../cluster/request.ts';
import type { Fields } from '../document/value.ts';

/** The answer of a sidecar about its view. It names no member, since any pod of the cluster can ask the same. */
export interface SidecarAnswer {
  synced: boolean;
  stale: boolean;
  members: number;
  revision: number;
  /** The digest of who is a member and ready; undefined before the first list, and from an older sidecar. */
  digest: number | undefined;
  /** Seconds since upstream last gave evidence. */
  upstreamAgeSeconds: number | undefined;
  /** Why it is stale, and a sentence about it. */
  reason: string | undefined;
  message: string | undefined;
  /** The sentence that says what its application waits for; null once that may start; undefined from an older sidecar. */
  waiting: string | null | undefined;
}

/** The place at which the sidecar of a pod is asked. */
export interface SidecarPlace {
  namespace: string;
  pod: string;
  port: number;
}

/** A reason is one word of a few, a message a sentence. */
const MAX_MESSAGE = 500;

/** The gate of any group that is closed; those of groups under a name have a label. */
const CLOSED_GATE = /^rollcall_gate_open(?:\{[^\n]*\})? 0$/m;
/** A sidecar of an older version does not say whether its gates are open. */
const ANY_GATE = /^rollcall_gate_open\b/m;

/**
 * Asks a sidecar for its view through the API server's proxy, as the user of the kubeconfig, who needs `get` on
 * `pods/proxy`. Throws `Unreachable` with a sentence for people when it does not answer.
 */
export async function ask(cluster: Pick<Cluster, 'ofPod'>, place: SidecarPlace): Promise<SidecarAnswer> {
  const metrics = textAt(await read(cluster, place, '/metrics', 200), 'message') ?? '';
  const answer = answerOf(metrics);
  const closed = CLOSED_GATE.test(metrics);
  if (!answer.stale && answer.synced && !closed) return answer;
  // The answer of /startz says what the application waits for, and has the reason for staleness as well.
  const body = await read(cluster, place, closed ? '/startz' : '/readyz', 200, 503);
  return {
    ...answer,
    reason: cut(textAt(body, 'reason')),
    message: cut(textAt(body, 'message')),
    ...(closed ? { waiting: cut(textAt(body, 'waiting')) ?? null } : {}),
  };
}

/** Returns the fields of the answer; a text that is no JSON is its `message`. */
async function read(
  cluster: Pick<Cluster, 'ofPod'>,
  { namespace, pod, port }: SidecarPlace,
  path: string,
  ...fine: number[]
): Promise<Fields> {
  const reply = await cluster.ofPod({ namespace, name: pod, port }, path);
  if (!fine.includes(reply.status)) throw new Unreachable(refusal(reply).slice(0, MAX_MESSAGE));
  return reply.body;
}

/** Reads the metrics of a sidecar. Throws `Unreachable` for a text that is from none. */
export function answerOf(metrics: string): SidecarAnswer {
  const values = new Map<string, number>();
  for (const [, name, value] of metrics.matchAll(/^(rollcall_\w+) (\S+)$/gm))
    values.set(name!, Number(value));
  const [members, revision] = [values.get('rollcall_members'), values.get('rollcall_revision')];
  if (members === undefined || revision === undefined) {
    throw new Unreachable('what answers at its port is not a sidecar of Rollcall');
  }
  return {
    synced: values.get('rollcall_synced') === 1,
    stale: values.get('rollcall_stale') === 1,
    members,
    revision,
    digest: values.get('rollcall_members_digest'),
    upstreamAgeSeconds: values.get('rollcall_upstream_age_seconds'),
    reason: undefined,
    message: undefined,
    waiting: ANY_GATE.test(metrics) ? null : undefined,
  };
}

function textAt(body: Fields, key: string): string | undefined {
  const value = body[key];
  return typeof value === 'string' ? value : undefined;
}

function cut(text: string | undefined): string | undefined {
  return text?.slice(0, MAX_MESSAGE);
}
