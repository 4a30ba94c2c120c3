/** The rules that the validator holds every stream to; a violation is reported under the key. */
export const RULES = {
  framing: 'every line is one JSON object of a known type, and nothing follows `bye`',
  hello: '`hello` comes first, once, and tells the truth about the sidecar',
  'before-sync': 'no snapshot, delta or status comes before the first sync',
  revision: 'revisions rise by exactly one; a snapshot never goes back; heartbeats tell the current one',
  duplicate: 'nobody joins twice, leaves twice, or changes without a change',
  window:
    'changes within 20 ms of one another come as one, unless `stale` turns meanwhile or somebody who leaves has begun to terminate',
  identity: 'another uid is another member: never `changed`',
  agreement:
    'one revision is one membership, whoever reads it; two sidecars with different histories end equal',
  evidence: 'a member is removed only after the API was without it, later than what was last reported',
  drain: 'who leaves was told of as terminating, where the API showed that',
  'empty-lie': 'an empty membership is reported only when the API said so',
  truth: 'every membership is one that the API had, in every field',
  backwards: 'the membership never goes back to what was true before',
  stale: '`stale` is false only while the API is followed, and becomes false within 5 s of that',
  reason: 'the reason and the moment of `stale` are the real ones',
  age: '`upstreamAgeSeconds` counts from the last byte of the API',
  expected: '`expected` is what the sidecar was last told, and a line comes whenever that changes',
  heartbeat: 'a heartbeat comes every 5 to 6 s to whoever keeps up',
  wedge: 'no heartbeat comes from a watch loop that is wedged',
  lag: 'while the watch works, the membership is at most 5 s old',
  converged: 'within 5 s of the last fault every reader that keeps up holds the truth, and it is fresh',
  memory: 'a reader that is behind is owed at most 256 KiB',
  file: 'members.json is a membership that was told, never an older one, and a second behind at most',
  stuck: 'who takes nothing for 30 s is disconnected, and nobody else is',
  version: 'a watch goes on from the last line that came whole, and no list may be older than that',
  retry: 'after a failure the API is asked again, within 30 s and what it asked for',
  'retry-after': 'the API is not asked again before the time that it gave',
  watchdog:
    'a connection that is silent is given up: after 30 s in a list, 90 s in a watch; a list without end too',
  relist: 'a full list comes at least every 15 min, and finds an etcd restore',
  crash: 'nothing throws, nothing is left open, and no two requests are made at once',
} as const;

export type Rule = keyof typeof RULES;

export interface Violation {
  rule: Rule;
  /** Simulated milliseconds since the start. */
  at: number;
  message: string;
}
