/**
 * Groups of other namespaces. A pod may follow a Service of another namespace where that one names the pod's namespace
 * in its grant. What a pod is told where it does not is the same whether or not there is such a namespace or Service.
 */
import { parseNamedExpected, parseNamedLabels } from '../named-group.ts';
import { keys } from './annotations.ts';
import { type Reason, reason } from './codes.ts';
import type { Decision } from './decision.ts';
import { type ForeignGroup, foreignNamespaces, isForeign } from './foreign-group.ts';
import { grantOf } from './granted-names.ts';
import type { Options } from './options.ts';
import { type Namespace, own } from './pod.ts';
import { OWN_ACCOUNTS } from './roles.ts';
import { NO_FAULTS, type Rule } from './rule.ts';
import { shown } from './shown.ts';

/** A group of another namespace needs its grant, and an account that a grant can be for. */
export const grant: Rule = {
  needs: [keys.serviceAccount],
  faults: ({ options, namespace, plan }) => [
    ...grantFaults(options.groups, namespace, plan.accountWhenCreated),
    ...ungrantable(options, namespace.name),
  ],
};

/** A grant gives a look at Services. Nobody may read the workloads or the pods of another namespace by it. */
function ungrantable(options: Options, home: string): Reason[] {
  const { groups, expectedOfGroup, memberLabelsOfGroup } = options;
  const foreign = groups.filter((group) => isForeign(group, home)).map(({ name }) => name);
  const asked = expectedOfGroup
    .map(parseNamedExpected)
    .filter(({ expected }) => typeof expected !== 'number')
    .map(({ group }) => ({ group, key: keys.expectedOfGroup.key, instead: 'write a number' }));
  const labelled = memberLabelsOfGroup.map(parseNamedLabels).map(({ group }) => ({
    group,
    key: keys.memberLabelsOfGroup.key,
    instead: 'follow a Service of the namespace of the pod',
  }));
  return [...asked, ...labelled]
    .filter(({ group }) => foreign.includes(group))
    .map(({ group, key, instead }) =>
      reason(
        'grant',
        `annotation ${key}${shown(group)} is for a group of another namespace, and a grant gives a look at Services ` +
          `only, not at workloads and pods; ${instead}, or leave it out`,
      ),
    );
}

/**
 * Returns the other namespaces that have to be asked for their grants before a pod is injected. Nobody is asked about a
 * pod that is left alone for another reason.
 */
export function askedFor(decision: Decision, home: string): string[] {
  return decision.kind === 'inject' ? foreignNamespaces(decision.options.groups, home) : [];
}

/** Tells whether a namespace with these annotations grants another one, `name`, to look at its Services. */
export function isGranted(annotations: Readonly<Record<string, string>>, name: string): boolean {
  return grantOf(own(annotations, keys.grant.key)).names.includes(name);
}

/**
 * Returns what is in the way of groups of other namespaces: no grant, or an account that no grant is for. Where nothing
 * is known of grants, as in a file at a terminal, nothing is said of them.
 */
export function grantFaults(
  groups: readonly ForeignGroup[],
  { name: home, grantedBy }: Pick<Namespace, 'name' | 'grantedBy'>,
  account: string,
): readonly Reason[] {
  const foreign = groups.filter((group) => isForeign(group, home));
  if (foreign.length === 0) return NO_FAULTS;
  if (!OWN_ACCOUNTS.includes(account)) return foreign.map((group) => ofKeptAccount(group, account));
  if (grantedBy === undefined) return NO_FAULTS;
  return foreign
    .filter(({ namespace }) => !grantedBy.includes(namespace!))
    .map((group) => notGranted(group, home));
}

function notGranted({ name, namespace }: ForeignGroup, home: string): Reason {
  return reason(
    'grant',
    `the group "${shown(name)}" is of the namespace "${shown(namespace!)}", which grants nothing to the namespace ` +
      `"${shown(home)}"; whoever may annotate that namespace can grant it with ${keys.grant.key}: "${shown(home)}"`,
  );
}

function ofKeptAccount({ name, namespace }: ForeignGroup, account: string): Reason {
  return reason(
    'grant',
    `the group "${shown(name)}" is of the namespace "${shown(namespace!)}", and the pod keeps its account ` +
      `"${shown(account)}", which no grant is for; let the account be replaced with ${keys.serviceAccount.key}: ` +
      '"scoped", or follow a group of the namespace of the pod',
  );
}
