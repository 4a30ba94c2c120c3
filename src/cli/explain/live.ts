import { askedFor, isGranted } from '../../inject/grant.ts';
import { EXCLUDED_NAMESPACES, STATUS_KEY } from '../../inject/names.ts';
import type { Install } from '../../inject/plan.ts';
import type { LimitRangeItem, Namespace } from '../../inject/pod.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { type ClusterAnswer, refusal, Unreachable } from '../cluster/request.ts';
import { at, type Fields } from '../document/value.ts';
import { InputNamespaces, textsOf } from '../inject/input-namespaces.ts';
import { judge } from '../inject/judge.ts';
import { ownedPodOf } from '../template-owner.ts';
import { hasSidecar, type Item, itemsOf, type Workload, workloadsOf } from '../workloads.ts';
import { dryRun, freshCopy } from './dry-run.ts';
import { type ExplainedRule, type Explanation, explain, type NamespaceSource } from './explanation.ts';
import { serviceRules } from './followed-services.ts';
import type { Target } from './target.ts';
import { readWebhook, type Webhook } from './webhook.ts';

/**
 * The advice about a pod that does not exist. A pod that was refused never existed, so it can't be explained itself.
 */
const REFUSED = '; if the pod was refused, explain its workload, such as statefulset/NAME';

/** Explains one object of the cluster. */
export async function explainTarget(
  cluster: Cluster,
  target: Target,
  namespace: string,
  install: Install,
): Promise<Explanation> {
  const title = `${target.kind.toLowerCase()}/${target.name}`;
  const reply = await cluster.get({ ...target, namespace });
  if (reply.status === 404) {
    throw new Unreachable(
      `there is no ${title} in namespace ${namespace}; correct the name, or give another --namespace${
        target.kind === 'Pod' ? REFUSED : ''
      }`,
    );
  }
  if (reply.status !== 200) throw unreadable(title, reply);
  const [item] = itemsOf({ apiVersion: 'v1', kind: target.kind, ...reply.body });
  const [workload] = item === undefined ? [] : workloadsOf(item);
  if (workload === undefined) throw new Unreachable(`${title} has no pod template`);
  const explanation = await new Live(cluster, install).explain(workload, namespace);
  return target.kind === 'Pod' ? withState(explanation, workload.object) : explanation;
}

/** Explains the objects of a file, with the namespaces and the webhook of the cluster. */
export async function explainInCluster(
  cluster: Cluster,
  items: readonly Item[],
  fallback: string,
  install: Install,
): Promise<Explanation[]> {
  const live = new Live(cluster, install);
  const explanations: Explanation[] = [];
  for (const workload of items.flatMap(workloadsOf)) {
    explanations.push(await live.explain(workload, workload.namespace ?? fallback));
  }
  return explanations;
}

/**
 * Explains workloads by a cluster. Each namespace and the webhook are read once, however many workloads there
 * are.
 */
class Live {
  readonly #cluster: Cluster;
  readonly #install: Install;
  readonly #namespaces = new Map<string, ReturnType<typeof readNamespace>>();
  #webhook: Promise<Webhook> | undefined;

  constructor(cluster: Cluster, install: Install) {
    this.#cluster = cluster;
    this.#install = install;
  }

  async explain(workload: Workload, name: string): Promise<Explanation> {
    const { namespace: known, source } = await this.#namespace(name);
    const namespace = await this.#withGrants(workload, known);
    this.#webhook ??= readWebhook(this.#cluster);
    const webhook = await this.#webhook;
    const explanation = explain(workload, namespace, source, webhook.entries, this.#install);
    const copy = freshCopy(ownedPodOf(workload));
    const { decision } = judge(workload, namespace, this.#install).report;
    const [tried, groups] = await Promise.all([
      dryRun(this.#cluster, copy, name),
      serviceRules(this.#cluster, decision, name),
    ]);
    const passing = this.#passing({ ...workload, kind: 'Pod', object: copy, templatePath: [] }, namespace);
    const told = tried.warnings.filter((sentence) => !passing.includes(sentence));
    return {
      ...explanation,
      ...(webhook.installed ? {} : { result: 'missed' as const }),
      rules: [...webhook.rules, ...explanation.rules, ...groups, tried.rule],
      warnings: [...new Set([...explanation.warnings, ...told])],
      advice: adviceOf(explanation, webhook, tried.rule),
    };
  }

  /** Returns the namespace with those that grant it something, of the ones that the groups of the pods are in. */
  async #withGrants(workload: Workload, namespace: Namespace): Promise<Namespace> {
    const { decision } = judge(workload, namespace, this.#install).report;
    const asked = askedFor(decision, namespace.name);
    if (asked.length === 0) return namespace;
    const grantedBy: string[] = [];
    for (const name of asked) {
      const { status, body } = await this.#cluster.get({ kind: 'Namespace', name });
      // A namespace that the user may not read is left to the dry run.
      if (status !== 200 && status !== 404) return namespace;
      const annotations = at(body, ['metadata', 'annotations']);
      const grants = isGranted(textsOf(annotations), namespace.name) && !EXCLUDED_NAMESPACES.includes(name);
      if (status === 200 && grants) grantedBy.push(name);
    }
    return { ...namespace, grantedBy };
  }

  /** Returns what is true of the dry run only: that the account stays. */
  #passing(copy: Workload, namespace: Namespace): string[] {
    const { warnings } = judge(copy, namespace, this.#install, true).report;
    return warnings.filter(({ code }) => code === 'dry-run').map(({ sentence }) => sentence);
  }

  #namespace(name: string): ReturnType<typeof readNamespace> {
    const known = this.#namespaces.get(name) ?? readNamespace(this.#cluster, name);
    this.#namespaces.set(name, known);
    return known;
  }
}

/**
 * Reads a namespace and its LimitRanges. When the user may not read one of them, the explanation goes on
 * without it.
 */
async function readNamespace(
  cluster: Cluster,
  name: string,
): Promise<{ namespace: Namespace; source: NamespaceSource }> {
  const [object, limits] = await Promise.all([
    cluster.get({ kind: 'Namespace', name }),
    cluster.get({ kind: 'LimitRange', namespace: name }),
  ]);
  if (object.status === 404)
    throw new Unreachable(`there is no namespace/${name}; correct the name, or create it`);
  const known = object.status === 200;
  const items = known ? itemsOf({ apiVersion: 'v1', kind: 'Namespace', ...object.body }) : [];
  const ranges =
    limits.status === 200 && Array.isArray(limits.body.items) ? (limits.body.items as Fields[]) : [];
  const listed = ranges.flatMap(
    (range) => (at(range, ['spec', 'limits']) ?? []) as unknown as LimitRangeItem[],
  );
  return {
    namespace: { ...new InputNamespaces(items, name).namespace(name), limits: listed },
    source: known ? 'cluster' : 'nowhere',
  };
}

function adviceOf({ result }: Explanation, { installed }: Webhook, tried: ExplainedRule): string[] {
  if (!installed) return ['install Rollcall, then create the pod again'];
  if (result === 'inject' && tried.answer === 'no') {
    return [
      'by the rules it gets the sidecar, by the dry run it does not: rollcall check looks at the installation',
    ];
  }
  return [];
}

/**
 * Adds, for a pod that exists, whether it has the sidecar, and what to do when only a new one would have it.
 */
function withState(explanation: Explanation, object: Fields): Explanation {
  const injected = hasSidecar(object);
  const status = at(object, ['metadata', 'annotations', STATUS_KEY]) ?? 'without a status annotation';
  const why = injected ? `the sidecar is in it; ${status}` : 'there is no container "rollcall" in it';
  const advice = [...explanation.advice];
  if (!injected && explanation.result === 'inject') {
    const created = at(object, ['metadata', 'creationTimestamp']);
    advice.push(
      `the sidecar is added when a pod is created. When this pod was created (${created}), it did not have these annotations, ` +
        'or its namespace or the webhook was different; delete the pod, or restart its workload, to have it made again',
    );
  }
  const rule: ExplainedRule = { rule: 'pod-injected', answer: injected ? 'yes' : 'no', why };
  return { ...explanation, injected, rules: [...explanation.rules, rule], advice };
}

function unreadable(title: string, reply: ClusterAnswer): Unreachable {
  return new Unreachable(`${title} can't be read; the API server says ${refusal(reply)}`);
}
