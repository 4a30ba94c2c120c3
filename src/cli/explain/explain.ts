import { UsageError } from '../../config.ts';
import { type Cluster, connect } from '../cluster/cluster.ts';
import { adviceFor, Unreachable } from '../cluster/request.ts';
import { commands } from '../commands.ts';
import { Unreadable } from '../document/unreadable.ts';
import { type Arguments, parseFlags } from '../flags.ts';
import { readSources } from '../inject/input.ts';
import { installOf, offlineInstallOf } from '../inject/judge.ts';
import { load } from '../inject/manifests.ts';
import { EXIT, type Io, jsonText, tell } from '../io.ts';
import { progress } from '../terminal.ts';
import { DEFAULT_NAMESPACE, NO_PODS } from '../workloads.ts';
import type { Explanation } from './explanation.ts';
import { explainInCluster, explainTarget } from './live.ts';
import { explainItems } from './offline.ts';
import { targetOf } from './target.ts';
import { textOf } from './text.ts';

type ExplainFlags = Arguments<typeof commands.explain>;

/** The command `rollcall explain`. */
export async function explain(argv: readonly string[], io: Io): Promise<number> {
  const given = parseFlags('explain', commands.explain, argv);
  try {
    const explanations = await explained(given, io);
    io.stdout.write(
      given.flags.output === 'json' ? jsonText(explanations) : explanations.map(textOf).join('\n'),
    );
    if (explanations.length === 0) tell(io, `rollcall: ${NO_PODS}`);
    return EXIT.fine;
  } catch (error) {
    if (!(error instanceof Unreadable || error instanceof Unreachable)) throw error;
    tell(io, `rollcall: ${error.message}${adviceFor(error)}`);
    return EXIT.refused;
  }
}

async function explained({ flags, operand }: ExplainFlags, io: Io): Promise<Explanation[]> {
  const fromFile = flags.filename.length > 0 || flags.kustomize !== undefined;
  if (operand !== undefined && fromFile) {
    throw new UsageError(`"${operand}" and a file are two things to explain; leave one of them out`);
  }
  if (operand !== undefined) {
    const target = targetOf(operand);
    const cluster = await connect(flags, io);
    const show = progress(io);
    show(`asking ${cluster.server}`);
    try {
      return [await explainTarget(cluster, target, flags.namespace ?? cluster.namespace, installOf(flags))];
    } finally {
      show();
    }
  }
  if (!fromFile) throw new UsageError('nothing to explain; give KIND/NAME, -f FILE or -k DIR');
  const cluster = await wanted(flags, io);
  const sources = await readSources(flags, io);
  const manifests = load(sources).flat();
  const items = manifests.flatMap((manifest) => manifest.items);
  for (const { unread } of manifests) {
    if (unread !== undefined && items.length === 0) throw unread;
    if (unread !== undefined)
      tell(io, `rollcall: ${unread.message}; no object in this document asks for the sidecar`);
  }
  const fallback = flags.namespace ?? cluster?.namespace ?? DEFAULT_NAMESPACE;
  return cluster === undefined
    ? explainItems(items, fallback, offlineInstallOf(flags))
    : explainInCluster(cluster, items, fallback, installOf(flags));
}

/** Explains the objects of files. A cluster is asked only when a flag names one. */
async function wanted(flags: ExplainFlags['flags'], io: Io): Promise<Cluster | undefined> {
  if (flags.kubeconfig === undefined && flags.context === undefined) return undefined;
  return connect(flags, io);
}
