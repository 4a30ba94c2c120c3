/** Pods that are to end: the sidecar never keeps a Job's pod from ending, nor the Job from failing. */

import assert from 'node:assert/strict';
import { before, suite, test } from 'node:test';
import { HUNG_MS } from '../support/deadlines.ts';
import { eventually } from '../support/eventually.ts';
import { headlessService, INJECT, LABELS, nodeApp, podSpec, RESTRICTED } from './app.ts';
import { apply, get, kubectl, namespace } from './kubernetes.ts';

const NAMESPACE = 'e2e-jobs';
const IN_NAMESPACE = `--namespace=${NAMESPACE}`;

/** Ends well when the file is there at its start and the stream has told of the pod itself. */
const WORK = nodeApp(`
JSON.parse(require('node:fs').readFileSync('/run/rollcall/members.json'));
const lines = require('node:readline').createInterface({ input: require('node:net').connect(process.argv[1]) });
lines.on('line', (line) => {
  console.log(line);
  const { members = [], joined = [], changed = [] } = JSON.parse(line);
  if ([...members, ...joined, ...changed].some(({ self }) => self)) process.exit(0);
});
lines.on('close', () => process.exit(9));
`);
const FAILING = ['sh', '-c', 'cat /run/rollcall/members.json; exit 3'];
const ORDINARY = { 'rollcall.dev/native-sidecar': 'false' };

interface Terminated {
  exitCode: number;
  startedAt: string;
}

const jobSpec = (annotations: Record<string, string>, command: string[], more: object = {}) => ({
  backoffLimit: 0,
  template: {
    metadata: { labels: LABELS, annotations: { ...INJECT, ...annotations } },
    spec: podSpec(command, { restartPolicy: 'Never' }),
  },
  ...more,
});

const job = (name: string, ...spec: Parameters<typeof jobSpec>) => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { name, namespace: NAMESPACE },
  spec: jobSpec(...spec),
});

const PAIR = { completions: 2, parallelism: 2 };

/** A group that the Job is no part of, with nobody in it at first. */
const LATE = { app: 'late' };
const lateService = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'late', namespace: NAMESPACE },
  spec: { clusterIP: 'None', selector: LATE },
};
const latePod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'late', namespace: NAMESPACE, labels: LATE },
  spec: podSpec(['sleep', '3600']),
};
const WAITS_FOR_LATE = {
  ...ORDINARY,
  'rollcall.dev/service': 'late',
  'rollcall.dev/wait-for': '1',
  // Longer than the tests before it take on a slow machine.
  'rollcall.dev/wait-timeout': '900s',
};
const READS_LATE = ['grep', '"name":"late"', '/run/rollcall/members.json'];

const cronJob = {
  apiVersion: 'batch/v1',
  kind: 'CronJob',
  metadata: { name: 'nightly', namespace: NAMESPACE },
  spec: { schedule: '0 0 31 2 *', jobTemplate: { spec: jobSpec({}, WORK) } },
};

suite('jobs', { timeout: HUNG_MS }, () => {
  before(async () => {
    // An ordinary sidecar follows its own pod, to end with it.
    await namespace(NAMESPACE, RESTRICTED, { 'rollcall.dev/pod-access': 'true' });
    await apply(
      headlessService(NAMESPACE),
      lateService,
      cronJob,
      job('native', {}, WORK, PAIR),
      job('native-failing', {}, FAILING),
      job('ordinary', ORDINARY, WORK, PAIR),
      job('ordinary-failing', ORDINARY, FAILING),
      job('ordinary-by-dns', { ...ORDINARY, 'rollcall.dev/source': 'dns' }, ['true']),
      job('ordinary-held', WAITS_FOR_LATE, READS_LATE),
    );
    // What the controller does when it is time, without waiting for it.
    await kubectl('create', 'job', 'from-cron', '--from=cronjob/nightly', IN_NAMESPACE);
  });

  /** Waits for the Job's end; returns how each container of each of its pods ended, by name. */
  const ended = async (name: string, condition: 'Complete' | 'Failed', pods: number) => {
    await kubectl('wait', `job/${name}`, `--for=condition=${condition}`, '--timeout=180s', IN_NAMESPACE);
    return eventually(`${pods} ended pods of ${name}`, async () => {
      const { items } = await get('pods', IN_NAMESPACE, `--selector=job-name=${name}`);
      assert.equal(items.length, pods);
      return items.map(endings);
    });
  };

  // biome-ignore lint/suspicious/noExplicitAny: a pod as the API has it
  const endings = ({ spec, status }: any) => {
    const all = [...(status.initContainerStatuses ?? []), ...status.containerStatuses];
    const of = Object.fromEntries(
      all.map((one: { name: string; state: { terminated?: Terminated } }) => [
        one.name,
        one.state.terminated,
      ]),
    );
    assert.ok(of.app && of.rollcall, `all have ended: ${JSON.stringify(status)}`);
    return { spec, codes: { app: of.app.exitCode, rollcall: of.rollcall.exitCode }, of };
  };

  const DONE = { app: 0, rollcall: 0 };

  test('a Job of two pods with the native sidecar completes', async () => {
    for (const { spec, codes } of await ended('native', 'Complete', 2)) {
      assert.equal(spec.initContainers[0].name, 'rollcall');
      assert.deepEqual(codes, DONE);
    }
  });

  test('a Job that a CronJob makes is injected and completes', async () => {
    const [pod] = await ended('from-cron', 'Complete', 1);
    assert.equal(pod.spec.initContainers[0].name, 'rollcall');
    assert.deepEqual(pod.codes, DONE);
  });

  test('an ordinary sidecar comes first, and ends when the work has', async () => {
    for (const { spec, codes } of await ended('ordinary', 'Complete', 2)) {
      assert.equal(spec.initContainers, undefined);
      assert.deepEqual(
        spec.containers.map(({ name }: { name: string }) => name),
        ['rollcall', 'app'],
      );
      assert.deepEqual(codes, DONE);
    }
  });

  test('an ordinary sidecar that asks DNS sees the work end all the same', async () => {
    const [pod] = await ended('ordinary-by-dns', 'Complete', 1);
    assert.deepEqual(pod.codes, DONE);
  });

  test('an ordinary sidecar holds the work until the group has enough members', async () => {
    // By now the other pods have ended, and this one's sidecar has run for as long.
    await apply(latePod);
    const { metadata } = await get('pod', 'late', IN_NAMESPACE);
    const [{ codes, of }] = await ended('ordinary-held', 'Complete', 1);
    assert.deepEqual(codes, DONE);
    const [sidecar, late, work] = [of.rollcall.startedAt, metadata.creationTimestamp, of.app.startedAt];
    assert.ok(sidecar < late && late <= work, `sidecar ${sidecar}, member ${late}, work ${work}`);
  });

  test('a Job whose work fails has failed, by the status of the work alone', async () => {
    for (const name of ['native-failing', 'ordinary-failing']) {
      const [pod] = await ended(name, 'Failed', 1);
      assert.deepEqual(pod.codes, { app: 3, rollcall: 0 }, name);
    }
  });
});
