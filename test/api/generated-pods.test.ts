/** Pods of many shapes on a real kube-apiserver, in namespaces that bound them, without the webhook and with it. */

import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { inject, type Report } from '../../src/inject/inject.ts';
import type { Install } from '../../src/inject/plan.ts';
import { OWN_ACCOUNTS } from '../../src/inject/roles.ts';
import type { Reply } from '../support/api-request.ts';
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts';
import { HUNG_MS } from '../support/deadlines.ts';
import {
  installOn,
  type OutsideWebhook,
  SYSTEM_NAMESPACE,
  startOutsideWebhook,
} from '../support/deployment.ts';
import { eventually } from '../support/eventually.ts';
import { metricSum } from '../support/metrics.ts';
import { appPod, INJECT, isInjected, type Pod } from './app-pod.ts';
import { type Case, generatedPods } from './generated-pods.ts';
import { inParallel } from './parallel.ts';
import { ANNOTATIONS, LIMITS, makeNamespaces, namespaces, twinOf } from './twin-namespaces.ts';
import {
  applicationOf,
  assertDerived,
  asWritten,
  comparable,
  manifestOf,
  patched,
  sidecarsOf,
  silenced,
} from './twin-pods.ts';

const PODS = 500;
/** The API server and the webhook share two cores with the tests. */
const AT_A_TIME = 8;
const DRY = '?dryRun=All';
const NAMES = Object.keys(namespaces);

/** One pod: without the webhook by dry run, and with it by dry run and for real. */
interface Outcome extends Case {
  twin: Reply;
  dry: Reply;
  real: Reply;
}

suite('generated pods on a real API server', { timeout: HUNG_MS }, () => {
  let plane: ControlPlane;
  let webhook: OutsideWebhook;
  let install: Install;
  /** Whether the API server derives the resources of a pod from its containers only after admission, as 1.37 does. */
  let derivesLate: boolean;
  let outcomes: Outcome[];
  /** The outcomes whose pod the API server accepts without the webhook. */
  let accepted: Outcome[];
  /** The accepted ones whose pod has the sidecar. */
  let injected: Outcome[];
  /** The metrics of the API server before the first pod and after the last. */
  let metrics: { before: string; after: string };
  let logged: { namespace: string; pod: string; dryRun: boolean }[];

  before(async () => {
    plane = await startControlPlane();
    install = await installOn(plane);
    derivesLate = Number.parseInt((await plane.must('GET', '/version')).minor, 10) >= 37;
    await plane.ensureNamespace(SYSTEM_NAMESPACE);
    await makeNamespaces(plane);
    webhook = await startOutsideWebhook(plane);
    for (const name of NAMES) await called(name);
    const lines = (await webhook.process.settledLogs()).length;
    const metricsAtFirst = await metricsText();
    outcomes = await inParallel(generatedPods(PODS), AT_A_TIME, created);
    accepted = outcomes.filter(({ twin }) => twin.status === 201);
    injected = accepted.filter(({ real }) => real.status === 201 && sidecarsOf(real.body).length > 0);
    metrics = { before: metricsAtFirst, after: await metricsText() };
    const all = await webhook.process.settledLogs();
    const admissions = all.slice(lines).filter(({ message }) => message === 'admission');
    logged = admissions.map(({ namespace, pod, dryRun }) => ({
      namespace: String(namespace),
      pod: String(pod),
      dryRun: dryRun === true,
    }));
  });

  after(async () => {
    await webhook?.process.kill();
    await plane?.stop();
  });

  const create = (namespace: string, pod: Pod, query = ''): Promise<Reply> =>
    plane.request('POST', `/api/v1/namespaces/${namespace}/pods${query}`, pod);

  const created = async (one: Case): Promise<Outcome> => {
    const twin = await create(twinOf(one.namespace), silenced(one.pod), DRY);
    const dry = await create(one.namespace, one.pod, DRY);
    return { ...one, twin, dry, real: await create(one.namespace, one.pod) };
  };

  /** A new configuration and a new label take a moment to reach admission. */
  const called = async (namespace: string) => {
    const pod = appPod({ name: 'probe' }, namespaces[namespace]!.labelled ? {} : INJECT, {
      subdomain: 'app',
    });
    pod.spec.containers[0]!.resources = { limits: { cpu: '100m', memory: '64Mi' } };
    await eventually(`call for ${namespace}`, async () => {
      const { body } = await create(namespace, pod, DRY);
      return body.kind === 'Pod' && isInjected(body);
    });
  };

  const metricsText = async (): Promise<string> => (await plane.request('GET', '/metrics')).body;

  const counted = (metric: string, labels: Record<string, string> = {}): number =>
    metricSum(metrics.after, metric, labels) - metricSum(metrics.before, metric, labels);

  /** What the core makes of the pod as the API server would have it without us. */
  const planned = ({ pod, namespace, twin }: Outcome): { seen: Pod; report: Report } => {
    const { labelled, limits } = namespaces[namespace]!;
    // What is derived after admission is not there yet when we are asked.
    const seen = manifestOf(derivesLate ? asWritten(twin.body, pod) : twin.body);
    const annotations = { ...seen.metadata.annotations, ...pod.metadata.annotations };
    if (Object.keys(annotations).length > 0) seen.metadata.annotations = annotations;
    const labels: Record<string, string> = labelled ? { 'rollcall.dev/injection': 'enabled' } : {};
    const read = { name: namespace, labels, annotations: ANNOTATIONS, limits: limits ? LIMITS : [] };
    return { seen, report: inject(seen, { namespace: read, install, dryRun: false }) };
  };

  const isDenied = ({ asks, obstacle }: Case) => asks === 'pod' && obstacle !== undefined;
  const isWanted = ({ asks, obstacle }: Case) => asks !== 'nobody' && obstacle === undefined;

  /** Each fault with its pod, since there are many pods; the first few are enough to see why. */
  const assertNone = (faults: [fault: string, of: Case][]) => {
    const shown = faults
      .slice(0, 3)
      .map(([fault, { namespace, pod }]) => `${fault}\nin ${namespace}: ${JSON.stringify(pod)}`);
    assert.ok(faults.length === 0, [`${faults.length} pods`, ...shown].join('\n'));
  };

  test('the pods are of all kinds, and most are accepted without us', () => {
    assert.ok(accepted.length > 0.9 * PODS, `${accepted.length} of ${PODS}`);
    const kinds = accepted.map(({ asks, obstacle }) => `${asks} ${obstacle ?? 'fine'}`);
    const obstacles = ['bad-value', 'windows', 'name-taken', 'mount-path-taken'];
    const wanted = ['pod', 'namespace'].flatMap((asks) =>
      ['fine', ...obstacles].map((what) => `${asks} ${what}`),
    );
    const others = ['namespace no-service', 'namespace host-network', 'nobody fine'];
    assert.deepEqual([...new Set(kinds)].sort(), [...wanted, ...others].sort());
    for (const name of NAMES) {
      const some = injected.filter(({ namespace }) => namespace === name);
      assert.ok(some.length > 15, `${some.length} in ${name}`);
    }
  });

  test('whatever is accepted without us is accepted with us, or denied for what is wrong with it', () => {
    const faults = accepted.flatMap((one) =>
      [one.dry, one.real].flatMap(({ status, body }): [string, Case][] => {
        const told = status === 422 && body.message.includes(`rollcall (${one.obstacle}): `);
        return (isDenied(one) ? told : status === 201) ? [] : [[body.message ?? 'accepted', one]];
      }),
    );
    assertNone(faults);
  });

  test('what is asked for and can be had is injected, once; nothing else is, and its author hears why', () => {
    const faults = accepted.flatMap((one) =>
      [one.dry, one.real].flatMap(({ status, body, warnings }): [string, Case][] => {
        if (status !== 201) return [];
        const sidecars = sidecarsOf(body).length;
        if (sidecars !== (isWanted(one) ? 1 : 0)) return [[`${sidecars} sidecars`, one]];
        const reason = `rollcall: not injected (${one.obstacle}): `;
        const told = one.obstacle === undefined || warnings.some((warning) => warning.startsWith(reason));
        return told ? [] : [['not told why', one]];
      }),
    );
    assertNone(faults);
  });

  test('an injected pod is what the core plans, as the API server fills it in', async () => {
    for (const name of NAMES) {
      for (const own of OWN_ACCOUNTS) {
        const account = { metadata: { name: own } };
        await plane.must('POST', `/api/v1/namespaces/${twinOf(name)}/serviceaccounts`, account);
      }
    }
    const faults = await inParallel(injected, AT_A_TIME, async (one): Promise<[string, Case][]> => {
      const { seen, report } = planned(one);
      const expected = patched(seen, report.patch);
      const filled = await create(twinOf(one.namespace), silenced(expected), DRY);
      try {
        assert.equal(filled.status, 201, filled.body.message);
        assert.deepEqual(comparable(silenced(one.real.body)), comparable(silenced(filled.body)));
        assert.deepEqual(one.real.body.metadata.annotations, expected.metadata.annotations);
        return [];
      } catch (error) {
        return [[(error as Error).message, one]];
      }
    });
    assertNone(faults.flat());
  });

  test('the application is what it would have been without us', () => {
    const faults = accepted.flatMap((one) =>
      [one.dry, one.real].flatMap(({ status, body }): [string, Case][] => {
        if (status !== 201) return [];
        const swapped = OWN_ACCOUNTS.includes(body.spec.serviceAccountName);
        try {
          const twin: Pod = one.twin.body;
          assert.deepEqual(
            applicationOf(asWritten(body, one.pod), swapped),
            applicationOf(asWritten(twin, one.pod), swapped),
          );
          assertDerived(body, twin, one.pod, derivesLate);
          return [];
        } catch (error) {
          return [[(error as Error).message, one]];
        }
      }),
    );
    assertNone(faults);
  });

  test('nothing is warned of that would not be without us, least of all by PodSecurity', () => {
    /** The place of a container in its list is another with us. */
    const warningsOf = ({ warnings }: Reply) =>
      warnings
        .filter((warning) => !warning.startsWith('rollcall: '))
        .map((warning) => warning.replaceAll(/ontainers\[\d+\]/g, 'ontainers[]'))
        .sort()
        .join('\n');
    const passed = accepted.filter((one) => !isDenied(one));
    assertNone(
      passed.flatMap((one) =>
        [one.dry, one.real]
          .filter((reply) => warningsOf(reply) !== warningsOf(one.twin))
          .map((reply): [string, Case] => [warningsOf(reply), one]),
      ),
    );
    const loose = passed.filter(({ twin }) => warningsOf(twin).includes('would violate PodSecurity'));
    assert.ok(loose.some(isWanted), 'there are pods for PodSecurity to warn of');
  });

  test('the API server calls for pods that ask and for no others, and rejects none but those', () => {
    const total = 'apiserver_admission_webhook_request_total';
    for (const asks of ['pod', 'namespace'] as const) {
      const asking = outcomes.filter((one) => one.asks === asks);
      // Logged under its name, or the beginning of it.
      const names = new Set(asking.map(({ pod }) => pod.metadata.name ?? `${pod.metadata.generateName}*`));
      const lines = logged.filter(({ pod }) => names.has(pod));
      assert.equal(counted(total, { name: `${asks}s.rollcall.dev` }), lines.length);
      assert.equal(
        new Set(lines.map((line) => JSON.stringify(line))).size,
        2 * asking.length,
        'dry and for real',
      );
    }
    assert.equal(counted(total), logged.length);
    assert.ok(logged.every(({ namespace }) => NAMES.includes(namespace)));
    assert.equal(metricSum(metrics.after, 'apiserver_admission_webhook_fail_open_count'), 0);
    const rejections = 'apiserver_admission_webhook_rejection_count';
    const denied = { name: 'pods.rollcall.dev', error_type: 'no_error', rejection_code: '422' };
    // The API server asks us first of pods that it refuses in any case.
    const refused = ({ twin, real }: Outcome) =>
      twin.status !== 201 && String(real.body.message).includes('denied the request: rollcall (');
    const expected = outcomes.filter((one) => isDenied(one) || refused(one));
    assert.equal(counted(rejections, denied), 2 * expected.length);
    assert.equal(counted(rejections), counted(rejections, denied));
  });

  test('it calls once for a pod, and again only where a plugin put something into the sidecar', () => {
    const faults = injected.flatMap((one) => {
      const { pod, real } = one;
      const name = pod.metadata.name ?? `${pod.metadata.generateName}*`;
      const calls = logged.filter((line) => line.pod === name && !line.dryRun).length;
      const [sidecar] = sidecarsOf(real.body);
      const given = sidecar!.volumeMounts?.some((mount) => mount.name.startsWith('kube-api-access-'));
      const expected = given ? 2 : 1;
      return calls === expected ? [] : [[`${calls} calls, not ${expected}`, one] as [string, Case]];
    });
    assertNone(faults);
  });

  // What LimitRanger gave the sidecar, the defaults of a container, would be more than the pod has.
  test('a LimitRange that fills in leaves room in a pod with resources as a whole', async () => {
    const pod = appPod({ name: 'as-a-whole' }, INJECT);
    const requests = { cpu: '150m', memory: '200Mi' };
    pod.spec.containers[0]!.resources = { requests };
    pod.spec.resources = { requests: { cpu: '200m', memory: '256Mi' }, limits: { cpu: '1', memory: '1Gi' } };
    assert.equal((await create('limits', silenced(pod), DRY)).status, 201);
    const { status, body } = await create('limits', pod, DRY);
    assert.equal(status, 201, body.message);
  });
});
