import type { Cluster } from '../cluster/cluster.ts';
import { type ClusterAnswer, refusal } from '../cluster/request.ts';
import type { Fields } from '../document/value.ts';
import type { CheckCode } from './codes.ts';
import type { PodSurvey } from './pod-survey.ts';

export type CheckStatus = 'ok' | 'warn' | 'fail';

export interface Finding {
  status: CheckStatus;
  message: string;
  /** What is wrong; a finding that is all right has none, unless there is something to read about it. */
  code?: CheckCode;
  /** What to do about it. */
  hint?: string;
}

export interface CheckContext {
  cluster: Cluster;
  /** The namespace of the webhook. */
  system: string;
  /** The namespace to try a pod in. */
  namespace: string;
  now: Date;
  /** The namespaces of the cluster; like the pods below they are read once, by the first check that asks. */
  namespaces(): Promise<readonly Fields[]>;
  /** What the pods of the cluster show. */
  pods(): Promise<PodSurvey>;
}

export interface Check {
  name: string;
  run(place: CheckContext): Promise<Finding>;
  /** When this check fails, the next ones are not run. */
  first?: true;
}

export function ok(message: string): Finding {
  return { status: 'ok', message };
}

export function warn(code: CheckCode, message: string, hint: string): Finding {
  return { status: 'warn', code, message, hint };
}

export function fail(code: CheckCode, message: string, hint: string): Finding {
  return { status: 'fail', code, message, hint };
}

/** What can't be read is not known to be wrong. */
export function unread(what: string, reply: ClusterAnswer): Finding {
  return warn('unreadable', `${what} can't be read (${refusal(reply)})`, 'check as somebody who may');
}
