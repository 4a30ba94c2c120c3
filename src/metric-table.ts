/**
 * The one table of all metrics. Names follow Prometheus' rules: the prefix of the program, base units at the end
 * of the name, `_total` for counters. docs/reference.md, the alert rules and the dashboard are checked against it.
 */
import { OUTPUT_METRICS } from './watcher/outputs/output-metrics.ts';

/** The definition of a metric, before anything is counted. `Label` are the names of its labels. */
export interface Definition<Label extends string = string> {
  name: string;
  type: 'counter' | 'gauge' | 'histogram';
  help: string;
  labels?: readonly Label[];
  /**
   * The series that are exported as 0 from the start. `increase()` does not see the first count of a series that
   * appears with it, so what an alert waits for is listed here. A counter without labels always starts at 0.
   */
  start?: readonly Readonly<Record<Label, string>>[];
  /** The upper bounds of a histogram in ascending order, in the unit that the name ends with. */
  bounds?: readonly number[];
}

/** The facts about its own process that each program exports, under the names that all of Prometheus' clients use. */
export const PROCESS_METRICS = {
  buildInfo: define({
    name: 'rollcall_build_info',
    type: 'gauge',
    help: 'Always 1; its label is the version of the program.',
    labels: ['version'],
  }),
  startTime: define({
    name: 'process_start_time_seconds',
    type: 'gauge',
    help: 'When the process was started, in seconds since 1970.',
  }),
  cpu: define({
    name: 'process_cpu_seconds_total',
    type: 'counter',
    help: 'CPU time that the process has used.',
  }),
  residentMemory: define({
    name: 'process_resident_memory_bytes',
    type: 'gauge',
    help: 'Resident memory of the process.',
  }),
} as const;

export const SIDECAR_METRICS = {
  members: define({ name: 'rollcall_members', type: 'gauge', help: 'Members of the group.' }),
  expected: define({
    name: 'rollcall_expected_members',
    type: 'gauge',
    help: 'Members that the group is to have; absent while nobody says.',
  }),
  synced: define({ name: 'rollcall_synced', type: 'gauge', help: '1 once the group is known.' }),
  stale: define({ name: 'rollcall_stale', type: 'gauge', help: '1 while upstream can not be followed.' }),
  revision: define({ name: 'rollcall_revision', type: 'gauge', help: 'Revision of the membership.' }),
  membersDigest: define({
    name: 'rollcall_members_digest',
    type: 'gauge',
    help: 'A number for who is a member and ready. Sidecars that see the same have the same; it names nobody.',
  }),
  upstreamAge: define({
    name: 'rollcall_upstream_age_seconds',
    type: 'gauge',
    help: 'Seconds since upstream last gave evidence.',
  }),
  upstreamBytes: define({
    name: 'rollcall_upstream_bytes_total',
    type: 'counter',
    help: 'Bytes that the API server has sent; times the members of the group, what the group costs it.',
  }),
  malformedValues: define({
    name: 'rollcall_malformed_values_total',
    type: 'counter',
    help: 'Values from upstream that were left out, since they break the rules of the API.',
  }),
  ...OUTPUT_METRICS,
} as const;

export const WEBHOOK_METRICS = {
  requests: define({
    name: 'rollcall_admission_requests_total',
    type: 'counter',
    help: 'Admission requests by result and code.',
    labels: ['result', 'code'],
    start: [
      { result: 'injected', code: '' },
      { result: 'unchanged', code: '' },
      { result: 'error', code: '' },
    ],
  }),
  duration: define({
    name: 'rollcall_admission_duration_seconds',
    type: 'histogram',
    help: 'Time to answer an admission request.',
    // The buckets go from the time of a decision alone to the timeout of the API server.
    bounds: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
  }),
  faults: define({
    name: 'rollcall_admission_faults_total',
    type: 'counter',
    help: 'Requests answered with an HTTP error, by its status.',
    labels: ['status'],
    start: [{ status: '500' }],
  }),
  bodiesEvicted: define({
    name: 'rollcall_admission_bodies_evicted_total',
    type: 'counter',
    help: 'Bodies given up: no room for all, no turn for a large one, or too much time.',
    labels: ['reason'],
    start: [{ reason: 'room' }, { reason: 'turn' }, { reason: 'time' }],
  }),
  connections: define({ name: 'rollcall_connections', type: 'gauge', help: 'Open connections.' }),
  connectionsEnded: define({
    name: 'rollcall_connections_ended_total',
    type: 'counter',
    help: 'Connections that the webhook ended, by what they took too long for; room: others were newer.',
    labels: ['reason'],
    start: [{ reason: 'room' }],
  }),
  unhandledFaults: define({
    name: 'rollcall_unhandled_faults_total',
    type: 'counter',
    help: 'Faults that nobody caught, by kind; each is a bug.',
    labels: ['kind'],
    start: [{ kind: 'rejection' }, { kind: 'exception' }],
  }),
  logLinesDropped: define({
    name: 'rollcall_log_lines_dropped_total',
    type: 'counter',
    help: 'Log lines that nobody read in time.',
  }),
  certificateExpiry: define({
    name: 'rollcall_certificate_expiry_timestamp_seconds',
    type: 'gauge',
    help: 'When the served certificate runs out, in seconds since 1970.',
  }),
  certificateNotBefore: define({
    name: 'rollcall_certificate_not_before_timestamp_seconds',
    type: 'gauge',
    help: 'From when on the served certificate is valid, in seconds since 1970.',
  }),
  certificateRenewals: define({
    name: 'rollcall_certificate_renewals_total',
    type: 'counter',
    help: 'Certificates that were served in place of another.',
  }),
  certificateFailures: define({
    name: 'rollcall_certificate_failures_total',
    type: 'counter',
    help: 'Looks at the certificates that failed; the last good one is served.',
  }),
  accessStale: define({
    name: 'rollcall_access_stale',
    type: 'gauge',
    help: '1 while namespaces, limit ranges, accounts and bindings are not all followed; they are read instead.',
  }),
  accessQueued: define({
    name: 'rollcall_access_queued_namespaces',
    type: 'gauge',
    help: 'Namespaces whose access is to be provided and has not failed yet.',
  }),
  accessFailing: define({
    name: 'rollcall_access_failing_namespaces',
    type: 'gauge',
    help: 'Namespaces whose access could not be provided and is tried again.',
  }),
  accessChanges: define({
    name: 'rollcall_access_changes_total',
    type: 'counter',
    help: 'Accounts, bindings, roles of bindings and subjects that were made, mended or taken out, by kind.',
    labels: ['kind'],
  }),
  grantChanges: define({
    name: 'rollcall_grant_changes_total',
    type: 'counter',
    help: 'Bindings of grants that were made, mended or deleted, by step.',
    labels: ['step'],
  }),
  liveReads: define({
    name: 'rollcall_live_reads_total',
    type: 'counter',
    help: 'Reads of the API for a review, of what was not known or not fresh.',
    labels: ['what'],
    start: [{ what: 'namespace' }, { what: 'limits' }],
  }),
  skipEvents: define({
    name: 'rollcall_skip_events_total',
    type: 'counter',
    help: 'Events on owners of skipped pods, by what came of them.',
    labels: ['result'],
    start: [{ result: 'created' }, { result: 'failed' }, { result: 'dropped' }],
  }),
} as const;

/** Keeps the names of the labels in the type, so that a count with another label is no program. */
function define<const Label extends string = never>(definition: Definition<Label>): Definition<Label> {
  return definition;
}
