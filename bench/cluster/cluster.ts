/**
 * `npm run bench -- cluster`: pods created through a real API server with no webhook, ours and the Go one: pods a
 * second, what the API server itself says the webhook adds, and what ours asks of the API meanwhile.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Audit } from '../../test/api/audit.ts';
import { type ControlPlane, startControlPlane } from '../../test/support/control-plane.ts';
import { findAssets } from '../../test/support/control-plane-binaries.ts';
import { install, SYSTEM_NAMESPACE } from '../../test/support/deployment.ts';
import { goMissing } from '../go.ts';
import { stop } from '../processes.ts';
import { quantile } from '../statistics.ts';
import { type Subject, startOurs, startSubject } from '../webhook/subjects.ts';
import { admissionTime } from './admission-time.ts';
import { type Configuration, Configurations } from './configurations.ts';
import { PodMaker } from './pods.ts';
import { type ClusterMeasured, type ClusterResult, MODES, type Mode, type Phase } from './result.ts';

const FORMS = {
  full: { turns: 3, namespaces: 100, steady: 500, single: 200 },
  short: { turns: 1, namespaces: 20, steady: 200, single: 100 },
} as const;
const PODS_IN_NEW = 10;
/** The Go one makes no account for its sidecar, so the bench does, in time that does not count. */
const ACCOUNTS: Record<Mode, string[]> = {
  none: ['default'],
  ours: ['default'],
  go: ['default', 'rollcall-watcher'],
};
const USER = `system:serviceaccount:${SYSTEM_NAMESPACE}:rollcall`;

export async function clusterBench(
  form: keyof typeof FORMS,
  tell: (sentence: string) => void,
): Promise<ClusterResult | undefined> {
  const missing =
    goMissing() ??
    (await findAssets().then(
      () => undefined,
      (error: Error) => error.message,
    ));
  if (missing !== undefined) {
    tell(`cluster: not measured: ${missing}`);
    return undefined;
  }
  const audit = await Audit.of(USER);
  const plane = await startControlPlane({ extraArgs: audit.args });
  const subjects: Subject[] = [];
  try {
    const configurations = await startWebhooks(plane, subjects);
    const bench = new Bench(plane, audit);
    for (let turn = 0; turn < FORMS[form].turns; turn += 1) {
      for (const mode of ['none', 'ours', 'go'] as const) {
        tell(`turn ${turn + 1} of ${FORMS[form].turns}, ${MODES[mode]}`);
        await configurations.use(mode);
        await bench.measure(mode, turn, FORMS[form]);
      }
    }
    return { measured: bench.measured };
  } finally {
    for (const { started } of subjects) stop(started.child);
    await plane.stop();
    await audit.remove();
  }
}

/** Starts the webhooks. Both run all the time; the configuration decides which one the API server calls. */
async function startWebhooks(plane: ControlPlane, subjects: Subject[]): Promise<Configurations> {
  // The address is known only once it listens, and it publishes its CA before that.
  await install(plane, 'https://127.0.0.1:1/mutate');
  const kubeconfig = join(plane.directory, 'webhook.kubeconfig');
  writeFileSync(kubeconfig, plane.kubeconfigFor(await plane.mintToken(SYSTEM_NAMESPACE, 'rollcall')));
  const ours = await startOurs({ kubeconfig });
  subjects.push(ours);
  const certFile = join(plane.directory, 'serving.pem');
  const pair = { certFile, keyFile: join(plane.directory, 'serving.key'), certDirectory: '', kubeconfig };
  const go = await startSubject('go', pair);
  subjects.push(go);
  const url = ({ port }: Subject) => `https://127.0.0.1:${port}/mutate`;
  const published = await plane.must('GET', Configurations.path('rollcall'));
  const template = published as Configuration;
  return new Configurations(plane, {
    ours: { template, url: url(ours) },
    go: { template, url: url(go), caBundle: Buffer.from(plane.ca).toString('base64') },
  });
}

class Bench {
  readonly measured: ClusterMeasured[] = [];
  readonly #plane: ControlPlane;
  readonly #audit: Audit;
  readonly #pods: PodMaker;
  #audited = 0;

  constructor(plane: ControlPlane, audit: Audit) {
    this.#plane = plane;
    this.#audit = audit;
    this.#pods = new PodMaker(plane);
  }

  async measure(mode: Mode, turn: number, form: (typeof FORMS)[keyof typeof FORMS]): Promise<void> {
    const known = `steady-${mode}`;
    const injected = mode !== 'none';
    if (turn === 0) await this.#pods.makeNamespace(known, ACCOUNTS[mode]);
    // The first pods of a mode open connections and make accounts.
    await this.#pods.create(injected, known, 20);
    await this.#phase(mode, 'single', turn, () => this.#pods.create(injected, known, form.single, 1));
    await this.#phase(mode, 'steady', turn, () => this.#pods.create(injected, known, form.steady));
    const fresh = Array.from({ length: form.namespaces }, (_, index) => `new-${mode}-${turn}-${index}`);
    await this.#phase(mode, 'new', turn, () =>
      this.#pods.createInNew(injected, fresh, ACCOUNTS[mode], PODS_IN_NEW),
    );
  }

  async #phase(
    mode: Mode,
    phase: Phase,
    turn: number,
    work: () => Promise<{ times: number[]; seconds: number }>,
  ) {
    await this.#newRequests();
    const before = await admissionTime(this.#plane);
    const { times, seconds } = await work();
    const after = await admissionTime(this.#plane);
    const requests = await this.#newRequests();
    this.measured.push({
      mode,
      phase,
      turn,
      pods: times.length,
      podsPerSecond: times.length / seconds,
      p50Ms: quantile(times, 0.5),
      p99Ms: quantile(times, 0.99),
      addedMs: ((after.seconds - before.seconds) / times.length) * 1e3,
      requests: mode === 'ours' ? requests : {},
    });
  }

  /** Returns the requests since the last call, by verb and resource. */
  async #newRequests(): Promise<Record<string, number>> {
    const events = await this.#audit.events();
    const counts: Record<string, number> = {};
    for (const { verb, objectRef } of events.slice(this.#audited)) {
      const what = `${verb} ${objectRef?.resource ?? '(no resource)'}`;
      counts[what] = (counts[what] ?? 0) + 1;
    }
    this.#audited = events.length;
    return counts;
  }
}
