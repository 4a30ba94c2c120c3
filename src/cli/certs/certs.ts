import { UsageError } from '../../config.ts';
import { codes } from '../check/codes.ts';
import { connect } from '../cluster/cluster.ts';
import { Unreachable } from '../cluster/request.ts';
import { commands } from '../commands.ts';
import { SYSTEM_NAMESPACE } from '../explain/entries.ts';
import { parseFlags } from '../flags.ts';
import { EXIT, type Io } from '../io.ts';
import { carryOut, planOf } from './rotate.ts';
import { type CertificateState, standingOf } from './standing.ts';
import { statusOf } from './status.ts';
import { textOf } from './text.ts';

/** The command `rollcall certs`. */
export async function certs(argv: readonly string[], io: Io): Promise<number> {
  const { flags, operand } = parseFlags('certs', commands.certs, argv);
  if (operand !== 'status' && operand !== 'rotate') {
    throw new UsageError(`certs: "${operand ?? ''}" is not valid; give status or rotate`);
  }
  if (operand === 'status' && (flags.yes || flags.now)) {
    throw new UsageError('certs status changes nothing; --now and --yes are flags of certs rotate');
  }
  const system = flags['system-namespace'] ?? SYSTEM_NAMESPACE;
  const cluster = await connect(flags, io);
  const json = flags.output === 'json';
  const tell = (text: string, value: object) =>
    void io.stdout.write(json ? `${JSON.stringify(value, null, 2)}\n` : text);
  const failed = (message: string, code?: keyof typeof codes): number => {
    const page = code === undefined ? '' : `      ${codes[code].page}\n`;
    tell(`FAIL  ${message}\n${page}`, { result: 'fail', problems: [{ ...(code ? { code } : {}), message }] });
    return EXIT.refused;
  };
  let standing: CertificateState | undefined;
  try {
    standing = await standingOf(cluster, system);
    if (standing === undefined) return failed('there is no webhook configuration', 'not-installed');
    if (operand === 'status') {
      const status = statusOf(standing, new Date());
      tell(textOf(status), status);
      return status.result === 'ok' ? EXIT.fine : EXIT.refused;
    }
    const plan = planOf(standing, flags.now);
    if (plan.kind === 'refused') return failed(plan.why);
    if (plan.kind === 'nothing') {
      tell(`${plan.why}\n`, { result: 'ok', done: false, steps: [], why: plan.why });
      return EXIT.fine;
    }
    const steps = plan.steps.map((step, index) => `${index + 1}. ${step}`).join('\n');
    if (!flags.yes) {
      tell(`${steps}\n\nNothing was changed; --yes does it.\n`, {
        result: 'ok',
        done: false,
        steps: plan.steps,
      });
      return EXIT.fine;
    }
    const failure = await carryOut(cluster, system, plan);
    if (failure !== undefined) return failed(failure);
    tell(`${steps}\n\nThe first step is done; the rest comes by itself.\n`, {
      result: 'ok',
      done: true,
      steps: plan.steps,
    });
    return EXIT.fine;
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error;
    return failed(error.message, 'api-unreachable');
  }
}
