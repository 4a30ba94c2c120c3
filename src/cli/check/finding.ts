import type { Cluster } from '../cluster/cluster.ts';
import { type ClusterAnswer, refusal } from '../cluster/request.ts';
import type { Fields } from '../document/value.ts';
import type { ExplainedEntry } from '../explain/entries.ts';
import type { CheckCode } from './codes.ts';
import type { PodSurvey } from './pod-survey.ts';

export type CheckStatus = 'ok' | 'warn' | 'fail';

export interface Finding {
  status: CheckStatus;
  message: string;
  /** The code of the problem. A finding with the status `ok` has one only where the docs have a page about it. */
  code?: CheckCode;
  /** The advice to the reader. */
  hint?: string;
}

export interface CheckContext {
  cluster: Cluster;
  /** The namespace of the webhook. */
  system: string;
  /** The namespace to try a pod in, where the user named one. */
  namespace: string | undefined;
  now: Date;
  /** Returns the namespaces of the cluster. They are read once, as the pods are, by the first check that asks. */
  namespaces(): Promise<readonly Fields[]>;
  /** Returns the missed pods and the sidecars of the cluster. */
  pods(): Promise<PodSurvey>;
  /** Returns the entries of the webhook configuration; those that deploy/ installs where they can't be read. */
  entries(): Promise<readonly ExplainedEntry[]>;
}

export interface Check {
  name: string;
  run(place: CheckContext): Promise<Finding>;
  /** The next checks are not run after a failure with one of these codes; `any` stands for all of them. */
  endsWith?: 'any' | readonly CheckCode[];
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

/** Returns the finding that something can't be read. It is a warning, since nothing is known to be wrong. */
export function unread(what: string, reply: ClusterAnswer): Finding {
  return warn('unreadable', `${what} can't be read (${refusal(reply)})`, 'check as somebody who may');
}
