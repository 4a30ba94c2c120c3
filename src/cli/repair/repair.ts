import { UsageError } from '../../config.ts';
import { visible } from '../../visible.ts';
import { installed } from '../check/installed.ts';
import { surveyPods } from '../check/pod-survey.ts';
import { type Cluster, connect } from '../cluster/cluster.ts';
import { allListed, Unread } from '../cluster/listing.ts';
import { adviceFor, Unreachable } from '../cluster/request.ts';
import { commands } from '../commands.ts';
import { readEntries, systemNamespace } from '../explain/webhook.ts';
import { parseFlags } from '../flags.ts';
import { EXIT, type Io, jsonText } from '../io.ts';
import { named } from '../named.ts';
import { progress } from '../terminal.ts';
import { type EvictionOutcome, evictAll } from './evict.ts';
import { type EvictionCandidate, type LeftAlone, planFor, type RepairPlan } from './plan.ts';

/** The default of --timeout: most pods start in less, even when their images have to be pulled. */
const TIMEOUT_SECONDS = '300';
/** The largest value that --timeout accepts: a day. */
const LONGEST_SECONDS = 86_400;

/** The result for `-o json`. The names of the fields are stable. */
interface RepairReport {
  evict: ReturnType<typeof toldCandidate>[];
  left: readonly LeftAlone[];
  done: EvictionOutcome[];
}

/** The command `rollcall repair`. */
export async function repair(argv: readonly string[], io: Io): Promise<number> {
  const { flags } = parseFlags('repair', commands.repair, argv);
  const timeoutMs = 1000 * secondsOf(flags.timeout ?? TIMEOUT_SECONDS);
  const cluster = await connect(flags, io);
  const system = await systemNamespace(cluster, flags['system-namespace']);
  const json = flags.output === 'json';
  const say = (line: string) => void (json || io.stdout.write(`${visible(line)}\n`));
  // The report also tells what was done before a failure.
  const report: RepairReport = { evict: [], left: [], done: [] };
  const end = (code: number, error?: string): number => {
    const value = { result: code === EXIT.fine ? 'ok' : 'fail', ...report, ...(error ? { error } : {}) };
    if (json) io.stdout.write(jsonText(value));
    return code;
  };
  try {
    const show = progress(io);
    show('looking for pods that were missed');
    const plan = await planIn(cluster, system, flags.namespace).finally(() => show());
    for (const line of linesOf(plan)) say(line);
    report.evict = plan.evict.map(toldCandidate);
    report.left = plan.left;
    if (plan.evict.length === 0) {
      if (plan.left.length > 0) say('');
      say(plan.left.length === 0 ? 'No pod was missed.' : 'There is no pod to evict.');
      return end(flags.yes && plan.left.length > 0 ? EXIT.refused : EXIT.fine);
    }
    if (!flags.yes) {
      say('');
      say('Nothing was changed; --yes evicts them.');
      return end(EXIT.fine);
    }
    say('');
    await evictAll(cluster, plan.evict, timeoutMs, (outcome) => {
      report.done.push(outcome);
      say(lineOf(outcome));
    });
    const failed = report.done.filter(isFailed);
    if (failed.length > 0) {
      const titles = failed.map(({ namespace, name, code }) => `${namespace}/${name} (${code})`);
      say('');
      say(`Not repaired: ${titles.length} of ${report.done.length}, ${named(titles)}.`);
    }
    return end(plan.left.length > 0 || failed.length > 0 ? EXIT.refused : EXIT.fine);
  } catch (error) {
    if (!(error instanceof Unread || error instanceof Unreachable)) throw error;
    say(`FAIL  ${error.message}${adviceFor(error)}`);
    return end(EXIT.refused, error.message);
  }
}

async function planIn(cluster: Cluster, system: string, namespace: string | undefined): Promise<RepairPlan> {
  const namespaces = await allListed(cluster, { kind: 'Namespace' });
  const install = await installed(cluster, system);
  const { missed } = await surveyPods(cluster, namespaces, install, await readEntries(cluster));
  const wanted = missed.filter((pod) => namespace === undefined || pod.namespace === namespace);
  return planFor(cluster, wanted, system);
}

function linesOf({ evict, left }: RepairPlan): string[] {
  return [
    ...evict.map(({ namespace, name, controller }) => {
      return `evict  ${namespace}/${name}, which ${controller.kind} ${controller.name} makes again`;
    }),
    ...left.map(({ namespace, name, why }: LeftAlone) => `leave  ${namespace}/${name}: ${why}`),
  ];
}

function lineOf(outcome: EvictionOutcome): string {
  const { namespace, name, why } = outcome;
  return `${isFailed(outcome) ? 'FAIL' : 'ok  '}  ${namespace}/${name}: ${why}`;
}

function isFailed({ code }: EvictionOutcome): boolean {
  return code !== 'evicted' && code !== 'gone';
}

function toldCandidate({ namespace, name, controller: { kind, name: owner } }: EvictionCandidate) {
  return { namespace, name, controller: `${kind}/${owner}` };
}

function secondsOf(text: string): number {
  const seconds = Number(text);
  if (/^\d+$/.test(text) && seconds >= 1 && seconds <= LONGEST_SECONDS) return seconds;
  throw new UsageError(`--timeout: "${text}" is not valid; give seconds from 1 to ${LONGEST_SECONDS}`);
}
