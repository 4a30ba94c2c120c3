import { keys } from '../../inject/annotations.ts';
import { isInjected } from '../../inject/container.ts';
import type { Install } from '../../inject/plan.ts';
import { commands } from '../commands.ts';
import { applyOperations } from '../document/operations.ts';
import type { Value } from '../document/value.ts';
import { type Arguments, parseFlags } from '../flags.ts';
import { type Io, tell } from '../io.ts';
import { named } from '../named.ts';
import { DEFAULT_NAMESPACE, type Item, NO_PODS, podOf, titleOf, type Workload } from '../workloads.ts';
import { accessObjects, identityOf } from './access-objects.ts';
import { unheard, unquotedOfNamespace } from './advice.ts';
import { InputNamespaces } from './input-namespaces.ts';
import { type Judgement, judge, offlineInstallOf, optedIn } from './judge.ts';
import { changeTemplate, type Manifest, placeOfTemplate, workloadsOf } from './manifests.ts';
import { PullSecrets, pullSecretsAdvice, withPullSecrets } from './pull-secrets.ts';
import { rewrite } from './rewrite.ts';

type InjectResult = 'inject' | 'skip' | 'deny';
type Flags = Arguments<typeof commands.inject>['flags'];

/** The command `rollcall inject`. */
export async function inject(argv: readonly string[], io: Io): Promise<number> {
  const { flags } = parseFlags('inject', commands.inject, argv);
  const install = offlineInstallOf(flags);
  return rewrite(flags, io, 'injected', (manifests) => new Injection(flags, install, io).run(manifests));
}

class Injection {
  readonly #flags: Flags;
  readonly #install: Install;
  readonly #io: Io;
  readonly #fallback: string;
  /** The objects that are in the input or were added to it. */
  #present = new Set<string>();
  /** The workloads whose account was put into the default namespace, because nobody named one. */
  #guessed: Workload[] = [];
  #pullSecrets = new PullSecrets([], DEFAULT_NAMESPACE);

  constructor(flags: Flags, install: Install, io: Io) {
    this.#flags = flags;
    this.#install = install;
    this.#io = io;
    this.#fallback = flags.namespace ?? DEFAULT_NAMESPACE;
  }

  /** Injects all manifests. Returns false when a workload was refused. */
  run(manifests: readonly Manifest[]): boolean {
    const items = manifests.flatMap((manifest) => manifest.items);
    const namespaces = new InputNamespaces(items, this.#fallback);
    this.#pullSecrets = new PullSecrets(items, this.#fallback);
    this.#present = new Set(items.map((item) => this.#identity(item)));
    const kinds: InjectResult[] = items.flatMap((item) => this.#aside(item));
    for (const manifest of manifests) {
      for (const workload of workloadsOf(manifest)) kinds.push(this.#one(manifest, workload, namespaces));
    }
    this.#hints(kinds);
    return !kinds.includes('deny');
  }

  /** Looks at what is no pod template: a Namespace that would be refused, and keys that do nothing. */
  #aside(item: Item): InjectResult[] {
    const isNamespace = item.group === '' && item.kind === 'Namespace';
    const wrong = isNamespace ? unquotedOfNamespace(item) : [];
    for (const sentence of wrong) {
      tell(this.#io, `${titleOf(item)}: refused (bad-value): ${sentence}`);
    }
    if (wrong.length > 0) return ['deny'];
    for (const warning of isNamespace ? [] : unheard(item)) {
      tell(this.#io, `${titleOf(item)}: warning: ${warning}`);
    }
    return [];
  }

  #one(manifest: Manifest, workload: Workload, namespaces: InputNamespaces): InjectResult {
    const found = namespaces.namespace(this.#namespaceOf(workload));
    const judgement = judge(workload, this.#flags.all ? optedIn(found) : found, this.#install);
    const { decision, patch } = judgement.report;
    this.#say(workload, judgement);
    if (patch.length > 0) {
      if (!isInjected(podOf(workload))) manifest.injected.push(placeOfTemplate(workload));
      changeTemplate(manifest, workload, (template) => applyOperations(template, patch));
    }
    if (decision.kind !== 'inject') return decision.kind;
    const lost = patch.length === 0 ? [] : this.#pullSecrets.lost(workload, found.name, decision.plan);
    if (!this.#flags['no-access']) this.#provide(manifest, workload, judgement, lost);
    return decision.kind;
  }

  #provide(manifest: Manifest, workload: Workload, { report }: Judgement, secrets: readonly Value[]): void {
    const { access } = report.plan!;
    if (access === undefined) return;
    const namespace = this.#namespaceOf(workload);
    const missing = accessObjects(namespace, access).filter(
      (object) => !this.#present.has(identityOf(object)),
    );
    if (missing.length === 0) return;
    for (const object of missing) this.#present.add(identityOf(object));
    manifest.before.push(...withPullSecrets(missing, secrets));
    if (workload.namespace === undefined && this.#flags.namespace === undefined) this.#guessed.push(workload);
  }

  #say(workload: Workload, { report, warnings }: Judgement): void {
    const title = titleOf(workload);
    for (const result of resultsOf(report)) tell(this.#io, `${title}: ${result}`);
    for (const warning of warnings) tell(this.#io, `${title}: warning: ${warning}`);
  }

  #hints(kinds: readonly string[]): void {
    if (kinds.length === 0) this.#note(NO_PODS);
    else if (kinds.includes('deny')) this.#note('nothing is printed, since a workload was refused');
    else if (!kinds.includes('inject')) {
      const orAll = this.#flags.all ? '' : ', or give --all';
      this.#note(`nothing was injected; annotate a pod template with ${keys.inject.key}: "true"${orAll}`);
    }
    const { unknown } = this.#pullSecrets;
    if (unknown.length > 0 && !kinds.includes('deny')) this.#note(pullSecretsAdvice(unknown.map(titleOf)));
    if (this.#guessed.length > 0) {
      this.#note(
        `no namespace is known for ${named(this.#guessed.map(titleOf))}: the account and its rights are for ` +
          `"${DEFAULT_NAMESPACE}"; give --namespace NAME when it is another`,
      );
    }
  }

  #note(sentence: string): void {
    tell(this.#io, `rollcall: ${sentence}`);
  }

  #namespaceOf({ namespace }: Item): string {
    return namespace ?? this.#fallback;
  }

  #identity({ kind, name, namespace }: Item): string {
    return identityOf({ kind, metadata: { name, namespace: namespace ?? this.#fallback } });
  }
}

/** Returns what became of the pods, and each reason in a text of its own where they are left alone. */
function resultsOf({ decision, patch }: Judgement['report']): string[] {
  if (decision.kind === 'inject') return [patch.length > 0 ? 'injected' : 'unchanged'];
  const word = decision.kind === 'deny' ? 'refused' : 'skipped';
  return decision.reasons.map(({ code, sentence }) => `${word} (${code}): ${sentence}`);
}
