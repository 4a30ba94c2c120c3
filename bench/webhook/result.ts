/** The measurements of the webhook part. */
import type { Case } from './cases.ts';
import type { Differences } from './differences.ts';
import type { SubjectName } from './subject-names.ts';

export interface Measured extends Case {
  subject: SubjectName;
  turn: number;
  reviews: number;
  seconds: number;
  cpuSeconds: number;
  perCpuSecond: number;
  p50Ms: number;
  p99Ms: number;
}

export interface Memory {
  subject: SubjectName;
  idleBytes: number;
  /** Resident after so many injecting reviews of 6 KB. */
  after: { reviews: number; bytes: number }[];
}

export interface WebhookResult {
  measured: Measured[];
  memory: Memory[];
  /** Requests that ours made of the API in the steady state, by kind, and in how many reviews. */
  api: { reviews: number; requests: Record<string, number> };
  differences: Differences;
  /** Why a webhook is missing, by its name. */
  missing: Record<string, string>;
}
