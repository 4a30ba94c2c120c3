import { type Cluster, connect } from '../cluster/cluster.ts';
import { Unreachable } from '../cluster/request.ts';
import { commands } from '../commands.ts';
import { SYSTEM_NAMESPACE } from '../explain/entries.ts';
import { parseFlags } from '../flags.ts';
import { EXIT, type Io } from '../io.ts';
import { DEFAULT_NAMESPACE } from '../workloads.ts';
import { CHECKS } from './checks.ts';
import type { Finding, Place, Status } from './finding.ts';

type Named = Finding & { name: string };

const MARKS: Readonly<Record<Status, string>> = { ok: 'ok  ', warn: 'warn', fail: 'FAIL' };

/** The command `rollcall check`. */
export async function check(argv: readonly string[], io: Io): Promise<number> {
  const { flags } = parseFlags('check', commands.check, argv);
  const cluster = await connect(flags, io);
  const place = {
    cluster,
    system: flags['system-namespace'] ?? SYSTEM_NAMESPACE,
    namespace: flags.namespace ?? DEFAULT_NAMESPACE,
    now: new Date(),
  };
  const json = flags.output === 'json';
  const findings = await findingsOf(place, (finding) => {
    if (!json) io.stdout.write(lineOf(finding));
  });
  const failed = findings.some(({ status }) => status === 'fail');
  const result: Status = failed ? 'fail' : findings.some(({ status }) => status === 'warn') ? 'warn' : 'ok';
  io.stdout.write(
    json ? `${JSON.stringify({ result, checks: findings }, null, 2)}\n` : `\n${SUMS[result]}\n`,
  );
  return failed ? EXIT.refused : EXIT.fine;
}

const SUMS: Readonly<Record<Status, string>> = {
  ok: 'All is well.',
  warn: 'It works; what is marked "warn" may be worth a look.',
  fail: 'It does not work as it should.',
};

/**
 * Runs the checks one after the other and prints each result at once, because the next check may take a
 * while.
 */
async function findingsOf(place: Place, tell: (finding: Named) => void): Promise<Named[]> {
  const findings: Named[] = [];
  for (const { name, run, first } of CHECKS) {
    const finding = { name, ...(await found(() => run(place), place.cluster)) };
    findings.push(finding);
    tell(finding);
    if (first && finding.status === 'fail') break;
  }
  return findings;
}

async function found(run: () => Promise<Finding>, { server }: Cluster): Promise<Finding> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error;
    return {
      status: 'fail',
      message: error.message,
      hint: `is ${server} the right cluster? --context names another`,
    };
  }
}

function lineOf({ status, name, message, hint }: Named): string {
  const line = `${MARKS[status]}  ${name}: ${message}\n`;
  return hint === undefined || status === 'ok' ? line : `${line}      ${hint}\n`;
}
