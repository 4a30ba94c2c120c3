/** What the cases of the chart's values are made of: places in what is rendered, and what may happen to them. */

import type { Differences } from './difference.ts';

/** A set of values, and how what is rendered differs from what is rendered without them. */
export interface Case {
  about: string;
  set: object;
  changes: Differences;
}

export const WEBHOOK = 'Deployment rollcall: spec.template.spec';
export const CONTAINER = `${WEBHOOK}.containers.webhook`;
export const ENTRY = 'MutatingWebhookConfiguration rollcall: webhooks.pods.rollcall.dev';
export const LABELLED = 'MutatingWebhookConfiguration rollcall: webhooks.namespaces.rollcall.dev';
export const POLICY = 'NetworkPolicy rollcall: spec';

export const arg = (text: string, index = 1): Differences => ({ [`${CONTAINER}.args.${index}`]: text });
export const added = (...names: string[]): Differences =>
  Object.fromEntries(names.map((name) => [name, 'added']));
export const removed = (...names: string[]): Differences =>
  Object.fromEntries(names.map((name) => [name, 'removed']));
