import { UsageError } from '../../config.ts';
import { visible } from '../../visible.ts';
import type { CheckCode } from '../check/codes.ts';
import { type Cluster, connect } from '../cluster/cluster.ts';
import { adviceFor, Unreachable } from '../cluster/request.ts';
import { commands } from '../commands.ts';
import { systemNamespace } from '../explain/webhook.ts';
import { parseFlags } from '../flags.ts';
import { EXIT, type Io, jsonText } from '../io.ts';
import { progress } from '../terminal.ts';
import { carryOut, planOf, type RotationPlan } from './rotate.ts';
import { standingOf } from './standing.ts';
import { statusOf } from './status.ts';
import { failureText, textOf } from './text.ts';

/** The end of the command: its text, its value for `-o json` and its exit code. */
interface CertsOutcome {
  text: string;
  value: object;
  code: number;
}

/** The command `rollcall certs`. */
export async function certs(argv: readonly string[], io: Io): Promise<number> {
  const { flags, operand } = parseFlags('certs', commands.certs, argv);
  if (operand !== 'status' && operand !== 'rotate') {
    const fault = operand === undefined ? 'nothing to do' : `"${operand}" is not valid`;
    throw new UsageError(`certs: ${fault}; give status or rotate`);
  }
  if (operand === 'status' && (flags.yes || flags.now)) {
    throw new UsageError('certs status changes nothing; --now and --yes are flags of certs rotate');
  }
  const cluster = await connect(flags, io);
  const system = await systemNamespace(cluster, flags['system-namespace']);
  const show = progress(io);
  show('reading the certificates');
  const { text, value, code } = await outcomeOf(operand, cluster, { ...flags, system }).finally(() => show());
  io.stdout.write(flags.output === 'json' ? jsonText(value) : text);
  return code;
}

async function outcomeOf(
  operand: 'status' | 'rotate',
  cluster: Cluster,
  { system, now, yes }: { system: string; now: boolean; yes: boolean },
): Promise<CertsOutcome> {
  try {
    const standing = await standingOf(cluster, system);
    if (standing === undefined) return failed('there is no webhook configuration', 'not-installed');
    if (operand === 'rotate') return await rotated(cluster, system, planOf(standing, now), yes);
    const status = statusOf(standing);
    return {
      text: textOf(status),
      value: status,
      code: status.result === 'ok' ? EXIT.fine : EXIT.refused,
    };
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error;
    return failed(`${error.message}${adviceFor(error)}`, 'api-unreachable');
  }
}

/** Shows a plan, and carries it out where `yes` says so. */
async function rotated(
  cluster: Cluster,
  system: string,
  plan: RotationPlan,
  yes: boolean,
): Promise<CertsOutcome> {
  if (plan.kind === 'refused') return failed(plan.why);
  if (plan.kind === 'nothing') return fine(`${plan.why}\n`, { done: false, steps: [], why: plan.why });
  const { steps } = plan;
  const numbered = steps.map((step, index) => visible(`${index + 1}. ${step}`)).join('\n');
  if (!yes) return fine(`${numbered}\n\nNothing was changed; --yes does it.\n`, { done: false, steps });
  const failure = await carryOut(cluster, system, plan);
  if (failure !== undefined) return failed(failure);
  return fine(`${numbered}\n\nThe first step is done; the rest comes by itself.\n`, { done: true, steps });
}

function fine(text: string, value: object): CertsOutcome {
  return { text, value: { result: 'ok', ...value }, code: EXIT.fine };
}

function failed(message: string, code?: CheckCode): CertsOutcome {
  return {
    text: `${failureText(message, code)}\n`,
    value: { result: 'fail', problems: [{ ...(code ? { code } : {}), message }] },
    code: EXIT.refused,
  };
}
