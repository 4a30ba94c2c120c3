/** Certificates that are replaced while a real kube-apiserver calls: no call may be lost. */

import assert from 'node:assert/strict';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, suite, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { silent } from '../../src/watcher/log.ts';
import { Api } from '../../src/webhook/api/api.ts';
import { kubeconfigIdentity } from '../../src/webhook/api/identity.ts';
import { watchedFile } from '../../src/webhook/authentication/watched-file.ts';
import { alsoTrusting } from '../../src/webhook/certificates/also-trusting.ts';
import { CertificateFiles } from '../../src/webhook/certificates/files.ts';
import { issue } from '../../src/webhook/certificates/issue.ts';
import { watchedBundles } from '../../src/webhook/certificates/publish.ts';
import type { SecretContent } from '../../src/webhook/certificates/rotation.ts';
import type { CertificateSource } from '../../src/webhook/certificates/source.ts';
import { contentOf, dataOf, secretStore } from '../../src/webhook/certificates/store.ts';
import { run } from '../cli/run.ts';
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts';
import { HUNG_MS, RECOVERY_MS } from '../support/deadlines.ts';
import { install, SYSTEM_NAMESPACE } from '../support/deployment.ts';
import { eventually } from '../support/eventually.ts';
import { days, HOSTS, legacy, withGarbage } from '../webhook/certificates/pairs.ts';
import { AdmissionMarker } from './admission-marker.ts';
import { appPod, INJECT } from './app-pod.ts';
import { type Certificates, CertifiedReplica } from './certified-replica.ts';
import { Issuer } from './issuer.ts';
import { Balancer } from './webhook-replicas.ts';

const SECRETS = `/api/v1/namespaces/${SYSTEM_NAMESPACE}/secrets`;
const SECRET = `${SECRETS}/rollcall-tls`;
const CONFIGURATION = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/rollcall';
/** The least number of calls, since fewer would not show that calls were made throughout. */
const LEAST_CALLS = 50;
/** How often two machines rotate at once. */
const ROUNDS = 3;

const isDone = ({ out }: { out: string }) => /The first step is done/.test(out);

suite('certificates under calls of a real API server', { timeout: HUNG_MS }, () => {
  let plane: ControlPlane;
  let kubeconfig: string;
  let marker: AdmissionMarker;
  const balancer = new Balancer();
  let replicas: CertifiedReplica[] = [];

  before(async () => {
    plane = await startControlPlane();
    await plane.ensureNamespace(SYSTEM_NAMESPACE);
    await plane.ensureNamespace('tenant');
    await install(plane, `https://127.0.0.1:${await balancer.listen()}/mutate`);
    marker = await AdmissionMarker.start(plane);
    kubeconfig = join(plane.directory, 'webhook.kubeconfig');
    await writeFile(kubeconfig, plane.kubeconfigFor(await plane.mintToken(SYSTEM_NAMESPACE, 'rollcall')));
  });

  after(async () => {
    balancer.close();
    for (const replica of replicas) await replica.stop();
    marker?.stop();
    await plane?.stop();
  });

  beforeEach(async () => {
    for (const replica of replicas.splice(0)) await remove(replica);
    await plane.request('DELETE', SECRET);
  });

  /** Starts a replica with the rights of the deployed account. */
  const launch = async (certificates?: (api: Api) => Certificates): Promise<CertifiedReplica> => {
    const api = new Api(await kubeconfigIdentity(kubeconfig));
    const replica = await CertifiedReplica.start(api, () => marker.reached(), certificates?.(api));
    replicas.push(replica);
    balancer.ports.push(replica.port);
    return replica;
  };

  const remove = async (replica: CertifiedReplica): Promise<void> => {
    replicas = replicas.filter((other) => other !== replica);
    balancer.ports.splice(balancer.ports.indexOf(replica.port), 1);
    // A connection may be on its way, as to a pod that has just left its Service: it is here after a turn of the loop.
    for (let turns = 0; turns < 3; turns += 1) await turn();
    await replica.stop();
  };

  const create = () =>
    plane.request('POST', '/api/v1/namespaces/tenant/pods?dryRun=All', appPod({ name: 'app' }, INJECT));

  /** Starts two replicas that serve what is in the Secret, if any, and has them called. */
  const running = async (content?: SecretContent): Promise<void> => {
    if (content) {
      const metadata = { name: 'rollcall-tls' };
      await plane.must('POST', SECRETS, { metadata, type: 'kubernetes.io/tls', data: dataOf(content) });
    }
    await Promise.all([launch(), launch()]);
    await eventually('call of the webhook', async () => (await create()).status === 201);
  };

  const stored = async (): Promise<SecretContent> => contentOf((await plane.must('GET', SECRET)).data);

  const published = async (): Promise<string[]> => {
    const { webhooks } = await plane.must('GET', CONFIGURATION);
    return webhooks.map(({ clientConfig }: { clientConfig: { caBundle: string } }) =>
      Buffer.from(clientConfig.caBundle, 'base64').toString(),
    );
  };

  /** Creates pods, one after the other on new connections, until `done`; none may be refused. */
  const whileCalled = async (done: () => Promise<unknown>): Promise<void> => {
    let ended = false;
    let calls = 0;
    const refused: string[] = [];
    const calling = (async () => {
      while (!ended || calls < LEAST_CALLS) {
        const { status, body } = await create();
        calls += 1;
        if (status !== 201) refused.push(`${status} ${body.message}`);
      }
    })();
    const before = replicas.map((replica) => replica.reviews);
    try {
      await done();
    } finally {
      ended = true;
      await calling;
    }
    assert.deepEqual(refused, [], `of ${calls} calls`);
    assert.ok(replicas.every((replica, index) => replica.reviews > (before[index] ?? 0)));
  };

  /** Gives the bundles to one CA, as the commands of docs/operations.md do. */
  const trustOnly = (ca: string): Promise<unknown> => {
    const caBundle = Buffer.from(ca).toString('base64');
    const names = ['pods.rollcall.dev', 'namespaces.rollcall.dev'];
    const webhooks = names.map((name) => ({ name, clientConfig: { caBundle } }));
    const type = { 'content-type': 'application/strategic-merge-patch+json' };
    return plane.must('PATCH', CONFIGURATION, { webhooks }, type);
  };

  /** Tells whether both replicas serve what is stored, and nothing else is trusted. */
  const settled = async (notBefore?: string): Promise<boolean> => {
    const { serving, next, trusted } = await stored();
    if (serving === undefined || next !== undefined || serving.cert === notBefore) return false;
    const all = [...(await published()), trusted.join(''), ...replicas.map(({ served }) => served.cert)];
    return all.every((text) => text === serving.cert);
  };

  const until = (what: string, cert?: string) =>
    eventually(what, () => settled(cert), { timeoutMs: RECOVERY_MS, everyMs: 100 });

  test('an API server calls two replicas that issued for themselves at once', async () => {
    await running();
    await whileCalled(() => until('one certificate'));
    const { data, type } = await plane.must('GET', SECRET);
    assert.deepEqual(
      [Object.keys(data).sort(), type],
      [['ca.crt', 'tls.crt', 'tls.key'], 'kubernetes.io/tls'],
    );
  });

  test('a renewal loses no call, with a replica that restarts in the middle of it', async () => {
    const old = await issue(HOSTS, days(-250));
    await running({ serving: old, next: undefined, trusted: [old.cert], caKey: undefined });
    await whileCalled(async () => {
      await eventually('the next one', async () => (await stored()).next);
      const [restarted, other] = replicas as [CertifiedReplica, CertifiedReplica];
      // Or it would have been published for long enough by the time at which the other one is back on a slow machine.
      await other.hold();
      await remove(restarted);
      const { served } = await launch();
      assert.deepEqual(served, old, 'what was published a moment ago is not served yet');
      other.letGo();
      await until('the next certificate', old.cert);
    });
  });

  test("0.1.0's Secret is taken over without a lost call, and the CA's key is gone", async () => {
    const old = await legacy();
    await running(old);
    await whileCalled(() => until('the next certificate', old.serving.cert));
    const { data } = await plane.must('GET', SECRET);
    assert.deepEqual(Object.keys(data).sort(), ['ca.crt', 'tls.crt', 'tls.key']);
  });

  test('a Secret that is deleted or damaged loses no call', async () => {
    await running();
    const damages: ((content: SecretContent) => Promise<unknown>)[] = [
      () => plane.must('DELETE', SECRET),
      async (content) =>
        overwrite({ ...content, serving: { ...content.serving!, key: (await issue(HOSTS, days(0))).key } }),
      async (content) => overwrite({ ...content, serving: withGarbage(content.serving!) }),
      async (content) => overwrite({ ...content, serving: await issue(HOSTS, days(-366)) }),
      async (content) =>
        overwrite({ ...content, serving: undefined, trusted: [] }, { 'tls.crt': '', 'tls.key': '' }),
    ];
    const overwrite = (content: SecretContent, more: Record<string, string> = {}) => {
      const metadata = { name: 'rollcall-tls' };
      return plane.must('PUT', SECRET, {
        metadata,
        type: 'kubernetes.io/tls',
        data: { ...dataOf(content), ...more },
      });
    };
    await whileCalled(async () => {
      for (const damage of damages) {
        const content = await stored();
        await damage(content);
        await until('another certificate', content.serving?.cert);
      }
    });
  });

  /** Replaces each replica by one with other certificates, as a roll-out does. */
  const rollOut = async (certificates?: (api: Api) => Certificates): Promise<void> => {
    for (const old of [...replicas]) {
      await launch(certificates);
      await remove(old);
    }
  };

  test('a rotation that the command line asks for loses no call', async () => {
    const old = await issue(HOSTS, days(-1));
    await running({ serving: old, next: undefined, trusted: [old.cert], caKey: undefined });
    const certs = (...argv: string[]) => run('certs', [...argv, '--kubeconfig', plane.kubeconfig]);
    await whileCalled(async () => {
      assert.match((await certs('rotate')).out, /Nothing was changed/);
      assert.equal((await plane.must('GET', SECRET)).metadata.annotations, undefined);
      assert.equal((await certs('rotate', '--yes')).code, 0);
      assert.match((await certs('status')).out, /renewal +asked for/);
      await until('the next certificate', old.cert);
      const { serving } = await stored();
      assert.equal((await certs('rotate', '--now', '--yes')).code, 0);
      await until('another certificate', serving!.cert);
    });
    const { out, code } = await certs('status', '-o', 'json');
    const { result, source, trustedBy, renewalAsked } = JSON.parse(out);
    assert.deepEqual(
      { code, result, source, trustedBy, renewalAsked },
      {
        code: 0,
        result: 'ok',
        source: 'self-managed',
        trustedBy: ['pods.rollcall.dev', 'namespaces.rollcall.dev'],
        renewalAsked: false,
      },
    );
  });

  test('rotations from two machines at once, again and again, lose no call', async () => {
    const old = await issue(HOSTS, days(-1));
    await running({ serving: old, next: undefined, trusted: [old.cert], caKey: undefined });
    const certs = (...argv: string[]) => run('certs', [...argv, '--yes', '--kubeconfig', plane.kubeconfig]);
    await whileCalled(async () => {
      const asked = await Promise.all([certs('rotate'), certs('rotate')]);
      assert.equal(asked.filter(isDone).length, 1, 'the other is told that the Secret has changed');
      await until('the next certificate', old.cert);
      for (let round = 0; round < ROUNDS; round += 1) {
        const { serving } = await stored();
        // In the middle of a renewal it is refused, or found under way.
        await eventually('a rotation', async () =>
          (await Promise.all([certs('rotate', '--now'), certs('rotate', '--now')])).some(isDone),
        );
        await Promise.all([certs('rotate', '--now'), certs('rotate')]);
        await eventually('another certificate', async () => {
          const { serving: now } = await stored();
          return now !== undefined && now.cert !== serving?.cert;
        });
      }
      await until('the last certificate');
    });
  });

  test('a Secret that takes no certificate is told with what to do, and loses no call', async () => {
    await running();
    const content = await stored();
    const certs = (...argv: string[]) => run('certs', [...argv, '--kubeconfig', plane.kubeconfig]);
    const metadata = { name: 'rollcall-tls' };
    await whileCalled(async () => {
      await plane.must('PUT', SECRET, {
        metadata,
        type: 'kubernetes.io/tls',
        data: dataOf(content),
        immutable: true,
      });
      const refused = await certs('rotate', '--yes');
      assert.deepEqual([refused.code, /immutable.*--now/.test(refused.out)], [1, true]);
      assert.equal((await certs('rotate', '--now', '--yes')).code, 0);
      await until('another certificate', content.serving!.cert);

      const { serving } = await stored();
      await plane.must('DELETE', SECRET);
      const foreign = { type: 'kubernetes.io/basic-auth', stringData: { username: 'somebody' } };
      const made = await plane.request('POST', SECRETS, { metadata, ...foreign });
      // A replica may have been faster; then there is nothing foreign to mend.
      if (made.status === 201) {
        const store = secretStore(
          new Api(await kubeconfigIdentity(kubeconfig)),
          SYSTEM_NAMESPACE,
          'rollcall-tls',
        );
        await assert.rejects(
          async () => store.save(content, await store.load()),
          /takes no certificate; delete it/,
        );
        const { code, out } = await certs('rotate', '--now', '--yes');
        assert.deepEqual([code, /delete secret rollcall-tls/.test(out)], [1, true]);
        await plane.must('DELETE', SECRET);
      }
      await until('another certificate', serving!.cert);
    });
  });

  test('from self-managed certificates to those of cert-manager and back, no call is lost', async (t) => {
    await running();
    const issuer = new Issuer(plane, CONFIGURATION, await mkdtemp(join(tmpdir(), 'rollcall-issuer-')));
    t.after(() => issuer.end());
    await issuer.issue();
    const { cert, key, ca } = issuer.files;
    const andTheirs = () => ({
      source: (own: CertificateSource) =>
        alsoTrusting(
          own,
          watchedFile('--tls-ca-file', ca, (text) => text, silent),
        ),
    });
    const theirs = (api: Api) => ({
      source: () => new CertificateFiles({ cert, key }, ''),
      configuration: watchedBundles(api, 'rollcall'),
    });
    await whileCalled(async () => {
      await rollOut(andTheirs);
      // The last replica that knew nothing of the other CA may have left it out once more.
      await eventually('trust in both', async () =>
        (await published()).every((bundle) => bundle.includes(issuer.ca)),
      );
      await rollOut(theirs);
      for (const { served } of replicas) assert.equal(served.cert, issuer.cert);
      await issuer.annotate();
      await trustOnly(issuer.ca);
      const before = issuer.cert;
      await issuer.issue();
      await eventually('the renewed certificate', () =>
        replicas.every(({ served }) => served.cert === issuer.cert && served.cert !== before),
      );
      await issuer.leave();
      await rollOut(andTheirs);
      for (const { served } of replicas) assert.notEqual(served.cert, issuer.cert);
      await rollOut();
      await until('nothing but their own');
    });
  });

  /** Takes the bundle away from every entry of the configuration, as a GitOps tool may that knows nothing of it. */
  const takeBundle = async (): Promise<void> => {
    const configuration = await plane.must('GET', CONFIGURATION);
    for (const { clientConfig } of configuration.webhooks) delete clientConfig.caBundle;
    await plane.must('PUT', CONFIGURATION, configuration);
  };

  test('a bundle that is taken away is back at the next look', async () => {
    await running();
    await takeBundle();
    const [{ served }] = replicas as [CertifiedReplica];
    await eventually('the bundle', async () => (await published()).every((text) => text === served.cert));
    await eventually('call of the webhook', async () => (await create()).status === 201);
  });

  test('a bundle that is taken away is back after the first call that fails, with no look between', async () => {
    await launch(() => ({ onlyEarly: true }));
    await eventually('call of the webhook', async () => (await create()).status === 201);
    await takeBundle();
    await eventually('refusal', async () => (await create()).status !== 201);
    await eventually('call of the webhook', async () => (await create()).status === 201);
  });
});
