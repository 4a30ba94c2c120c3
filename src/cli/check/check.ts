import { visible } from '../../visible.ts';
import { type Cluster, connect } from '../cluster/cluster.ts';
import { allListed, Unread } from '../cluster/listing.ts';
import { Unreachable } from '../cluster/request.ts';
import { commands } from '../commands.ts';
import { readEntries, systemNamespace } from '../explain/webhook.ts';
import { parseFlags } from '../flags.ts';
import { EXIT, type Io, jsonText } from '../io.ts';
import { type Colour, colouring, hasColours, progress } from '../terminal.ts';
import { CHECKS, CHECKS_BEFORE } from './checks.ts';
import { type CheckCode, codes } from './codes.ts';
import { type Check, type CheckContext, type CheckStatus, type Finding, fail, warn } from './finding.ts';
import { installed } from './installed.ts';
import { surveyPods } from './pod-survey.ts';

/** A finding as the command shows it. `page` is the page of the docs about it. The names of the fields are stable. */
type Named = Finding & { name: string; page?: string };

const MARKS: Readonly<Record<CheckStatus, [Colour, string]>> = {
  ok: ['green', 'ok  '],
  warn: ['yellow', 'warn'],
  fail: ['red', 'FAIL'],
};

/** The command `rollcall check`. */
export async function check(argv: readonly string[], io: Io): Promise<number> {
  const { flags } = parseFlags('check', commands.check, argv);
  const cluster = await connect(flags, io);
  const system = await systemNamespace(cluster, flags['system-namespace']);
  const namespaces = once(() => allListed(cluster, { kind: 'Namespace' }));
  const entries = once(() => readEntries(cluster));
  const pods = once(async () =>
    surveyPods(cluster, await namespaces(), await installed(cluster, system), await entries()),
  );
  const { namespace } = flags;
  const place: CheckContext = { cluster, system, namespace, now: new Date(), namespaces, entries, pods };
  const json = flags.output === 'json';
  const show = progress(io);
  const colour = colouring(hasColours(io));
  const findings = await findingsOf(place, flags.pre ? CHECKS_BEFORE : CHECKS, {
    begun: (name) => show(`checking ${name}`),
    tell(finding) {
      show();
      if (!json) io.stdout.write(lineOf(finding, colour));
    },
  });
  const failed = findings.some(({ status }) => status === 'fail');
  const result: CheckStatus = failed
    ? 'fail'
    : findings.some(({ status }) => status === 'warn')
      ? 'warn'
      : 'ok';
  const isPartial = findings.some(({ code }) => code !== undefined && UNSEEN.includes(code));
  const sum = result === 'warn' && isPartial ? NOT_ALL_SEEN : (flags.pre ? SUMS_BEFORE : SUMS)[result];
  io.stdout.write(json ? jsonText({ result, checks: findings }) : `\n${sum}\n`);
  return failed ? EXIT.refused : EXIT.fine;
}

const SUMS: Readonly<Record<CheckStatus, string>> = {
  ok: 'All is well.',
  warn: 'It works; what is marked "warn" may be worth a look.',
  fail: 'It does not work as it should.',
};

/** The codes of what could not be looked at. It may be wrong or right. */
const UNSEEN: readonly CheckCode[] = ['unreadable', 'not-tried', 'namespace-left-out', 'sidecars-silent'];
/** The sum where no check failed and something could not be looked at. Other warnings may be beside that. */
const NOT_ALL_SEEN =
  'No failure was found in what could be looked at; what is marked "warn" could not be, or may be worth a look.';

const SUMS_BEFORE: Readonly<Record<CheckStatus, string>> = {
  ok: 'Rollcall can be installed here.',
  warn: 'Rollcall can be installed here; what is marked "warn" may be worth a look first.',
  fail: 'Rollcall can not be installed here as it is.',
};

function once<T>(read: () => Promise<T>): () => Promise<T> {
  let reading: Promise<T> | undefined;
  return () => {
    reading ??= read();
    return reading;
  };
}

/**
 * Runs the checks one after the other and prints each result at once, because the next check may take a
 * while.
 */
async function findingsOf(
  place: CheckContext,
  checks: readonly Check[],
  { begun, tell }: { begun(name: string): void; tell(finding: Named): void },
): Promise<Named[]> {
  const findings: Named[] = [];
  for (const { name, run, endsWith } of checks) {
    begun(name);
    const finding = withPage(name, await found(() => run(place), place.cluster));
    findings.push(finding);
    tell(finding);
    if (finding.status === 'fail' && isEnd(finding, endsWith)) break;
  }
  return findings;
}

function isEnd({ code }: Finding, endsWith: Check['endsWith']): boolean {
  return endsWith === 'any' || (code !== undefined && (endsWith ?? []).includes(code));
}

async function found(run: () => Promise<Finding>, { server }: Cluster): Promise<Finding> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof Unread) return warn('unreadable', error.message, 'check as somebody who may');
    if (!(error instanceof Unreachable)) throw error;
    const hint = `is ${server} the right cluster? --context names another`;
    return fail('api-unreachable', error.message, hint);
  }
}

function withPage(name: string, finding: Finding): Named {
  const { code } = finding;
  return { name, ...finding, ...(code === undefined ? {} : { page: codes[code].page }) };
}

/** Returns a finding as text: a line each for the message, the hint and the page of the docs. */
function lineOf({ status, name, message, hint, page }: Named, colour: ReturnType<typeof colouring>): string {
  const more = [hint, page].filter((one) => one !== undefined);
  const lines = [`${name}: ${message}`, ...more].map(visible);
  return `${colour(...MARKS[status])}  ${lines.join('\n      ')}\n`;
}
