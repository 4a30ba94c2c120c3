import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { POD_ACCOUNT, ROLES } from '../../src/inject/account.ts';
import { keys } from '../../src/inject/annotations.ts';
import { MOUNT_PATH, SCOPED_ACCOUNT, TOKEN_PATH, TOKEN_VOLUME } from '../../src/inject/names.ts';
import type { Pod } from '../../src/inject/pod.ts';
import { VOLUME_SIZE } from '../../src/inject/volumes.ts';
import { isRestrictedVolume, restrictedViolations } from '../support/pod-security.ts';
import {
  annotate,
  askingPod,
  container,
  decided,
  INSTALL,
  plain,
  planned,
  pod,
  readable,
  refusal,
} from './pods.ts';

// biome-ignore lint/suspicious/noExplicitAny: a container's fields are looked into freely here
type Any = any;

function withAccount(name: string | undefined, alias = name): Pod {
  return pod(({ spec }) => {
    for (const field of ['serviceAccountName', 'serviceAccount'] as const) delete spec[field];
    if (name !== undefined) spec.serviceAccountName = name;
    if (alias !== undefined) spec.serviceAccount = alias;
  });
}

describe('the volumes', () => {
  const volumeNames = (annotations: Record<string, string>) =>
    planned(pod(), annotations).volumes.map(({ name }) => name);

  test('are those that the sidecar needs', () => {
    assert.deepEqual(volumeNames({}), ['rollcall', 'rollcall-token']);
    assert.deepEqual(volumeNames({ [keys.source.key]: 'dns' }), ['rollcall']);
    assert.deepEqual(volumeNames({ [keys.scripts.key]: 'a' }), [
      'rollcall',
      'rollcall-token',
      'rollcall-scripts',
    ]);
  });

  test('pass PodSecurity restricted, are no token of the ServiceAccount plugin, and one is in memory', () => {
    const { volumes } = planned(pod(), { [keys.scripts.key]: 'a' });
    assert.ok(volumes.every(isRestrictedVolume));
    assert.ok(volumes.every(({ name }) => !name.startsWith('kube-api-access-')));
    assert.deepEqual(volumes[0], {
      name: 'rollcall',
      emptyDir: { medium: 'Memory', sizeLimit: VOLUME_SIZE },
    });
  });

  test('keep a pod that did not ask from starting only where they must: its scripts may be missing', () => {
    const scripts = (asks: boolean) =>
      (planned(pod(), { [keys.scripts.key]: 'db-scripts' }, { asks }).volumes.at(-1) as Any).configMap;
    assert.deepEqual(scripts(true), { name: 'db-scripts', defaultMode: 0o555 });
    assert.deepEqual(scripts(false), { name: 'db-scripts', defaultMode: 0o555, optional: true });
  });

  test('fit the memory of the sidecar, which they count against', () => {
    const { limits } = planned().sidecar.resources as Any;
    assert.ok(Number.parseInt(VOLUME_SIZE, 10) < Number.parseInt(limits.memory, 10));
  });
});

test('resources of a pod as a whole count only where the server keeps them', () => {
  const whole = pod(({ spec }) => {
    spec.resources = { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '1', memory: '1Gi' } };
  });
  const on = (podResources: boolean) =>
    planned(whole, {}, { install: { ...INSTALL, podResources } }).sidecar.resources;
  assert.deepEqual(on(true), {});
  assert.deepEqual(on(false), planned().sidecar.resources);
});

test('a quota finds requests and limits for cpu and memory', () => {
  const { requests, limits } = planned().sidecar.resources as Any;
  for (const amounts of [requests, limits]) {
    assert.match(amounts.cpu, /^[1-9]\d*m$/);
    assert.match(amounts.memory, /^[1-9]\d*Mi$/);
  }
});

describe('the account', () => {
  const chosen = (given: Pod, serviceAccount = 'auto', context = {}) => {
    const { account, accountName } = planned(given, { [keys.serviceAccount.key]: serviceAccount }, context);
    return [account, accountName];
  };

  test('default becomes the scoped one, however it is written', () => {
    for (const given of ['default', undefined, '', SCOPED_ACCOUNT].map((name) => withAccount(name))) {
      assert.deepEqual(chosen(given), ['scoped', SCOPED_ACCOUNT]);
    }
  });

  test('any other is kept, also under its old name', () => {
    for (const given of [withAccount('app'), withAccount(undefined, 'app'), withAccount('', 'app')]) {
      assert.deepEqual(chosen(given), ['kept', 'app']);
    }
  });

  test('is the scoped one where the pod says so, and its own where it says that', () => {
    assert.deepEqual(chosen(withAccount('app'), 'scoped'), ['scoped', SCOPED_ACCOUNT]);
    assert.deepEqual(chosen(withAccount('default'), 'keep'), ['kept', 'default']);
    assert.deepEqual(chosen(withAccount(undefined), 'keep'), ['kept', 'default']);
  });

  test('is left alone on a dry run, for the scoped one may not exist', () => {
    for (const name of ['default', 'app']) {
      for (const choice of ['auto', 'scoped', 'keep']) {
        assert.deepEqual(chosen(withAccount(name), choice, { dryRun: true }), ['untouched', name]);
      }
    }
  });

  test('is of no concern to who asks DNS', () => {
    for (const choice of ['auto', 'scoped', 'keep']) {
      const annotations = { [keys.source.key]: 'dns', [keys.serviceAccount.key]: choice };
      const { account, accountName } = planned(withAccount('default'), annotations);
      assert.deepEqual([account, accountName], ['unneeded', 'default']);
    }
  });

  test('is of concern to one who asks DNS and has to see its own pod end', () => {
    const annotations = { [keys.source.key]: 'dns', [keys.nativeSidecar.key]: 'false' };
    const job = pod(({ spec }) => {
      spec.restartPolicy = 'Never';
    });
    const { account, accountName, volumes } = planned(job, annotations, { namespace: readable });
    assert.deepEqual([account, accountName], ['scoped', POD_ACCOUNT]);
    assert.ok(volumes.some(({ name }) => name === TOKEN_VOLUME));
    assert.equal(planned(pod(), annotations).account, 'unneeded');
  });
});

describe('the access', () => {
  const selector = { [keys.selector.key]: 'app=db' };
  const ordinary = { [keys.nativeSidecar.key]: 'false' };
  const dns = { [keys.source.key]: 'dns' };
  const job = (given: Pod) => Object.assign(given, { spec: { ...given.spec, restartPolicy: 'Never' } });
  const access = (annotations: Record<string, string>, given = pod()) =>
    planned(given, annotations, { namespace: readable }).access;

  test('is to the slices of a Service, and to pods only where pods are read', () => {
    assert.deepEqual(access({}), { account: SCOPED_ACCOUNT, roles: [ROLES.slices] });
    assert.deepEqual(access(selector), { account: POD_ACCOUNT, roles: [ROLES.pods] });
    assert.equal(access(dns), undefined);
    assert.deepEqual(access({}, job(pod())), { account: SCOPED_ACCOUNT, roles: [ROLES.slices] });
    const both = [ROLES.slices, ROLES.pods];
    assert.deepEqual(access(ordinary, job(pod())), { account: POD_ACCOUNT, roles: both });
    assert.deepEqual(access({ ...ordinary, ...dns }, job(pod())), {
      account: POD_ACCOUNT,
      roles: [ROLES.pods],
    });
    assert.equal(planned(pod(), {}, { dryRun: true }).access, undefined);
  });

  test('of an account of its own is the same', () => {
    assert.deepEqual(access(selector, withAccount('app')), { account: 'app', roles: [ROLES.pods] });
    assert.deepEqual(access({}, withAccount('app')), { account: 'app', roles: [ROLES.slices] });
  });

  test('goes by what the pod needs, not by the account of ours that it names', () => {
    assert.deepEqual(access({}, withAccount(POD_ACCOUNT))?.account, SCOPED_ACCOUNT);
    assert.deepEqual(access(selector, withAccount(SCOPED_ACCOUNT))?.account, POD_ACCOUNT);
  });

  const reading: [what: string, annotations: Record<string, string>, sentence: RegExp][] = [
    ['a selector', selector, /^a group by rollcall\.dev\/selector takes .* or name a Service with roll/],
    ['an ordinary sidecar in a Job', ordinary, /^an ordinary sidecar that .* or use a native sidecar$/],
  ];
  for (const [what, annotations, sentence] of reading) {
    test(`to pods is not given to ${what} where the namespace does not say so`, () => {
      const asking = job(askingPod(annotate(annotations)));
      const silent = job(askingPod(annotate(annotations)));
      delete silent.metadata!.annotations![keys.inject.key];
      const labels = { [keys.injection.key]: 'enabled' };
      for (const dryRun of [false, true]) {
        const [kind, code, said] = refusal(decided(asking, plain, { dryRun }));
        assert.deepEqual([kind, code], ['deny', 'pod-access']);
        assert.match(said, sentence);
        assert.match(said, /annotate the namespace with rollcall\.dev\/pod-access: "true"/);
        assert.equal(refusal(decided(silent, { ...plain, labels }, { dryRun }))[0], 'skip');
      }
      annotate({ [keys.podAccess.key]: 'true' })(asking);
      assert.equal(refusal(decided(asking, plain))[1], 'pod-access', 'the pod has no say');
      assert.equal(decided(asking, readable).kind, 'inject');
    });
  }
});

describe('a native sidecar', () => {
  const native = (choice: string, nativeSidecars: boolean) =>
    planned(pod(), { [keys.nativeSidecar.key]: choice }, { install: { ...INSTALL, nativeSidecars } }).native;

  test('is what the cluster can run, unless the pod says otherwise', () => {
    assert.deepEqual([native('auto', true), native('auto', false)], [true, false]);
    assert.deepEqual([native('true', false), native('false', true)], [true, false]);
  });
});

describe('a gate that is to fail', () => {
  const fail = { [keys.waitFor.key]: '2', [keys.waitAction.key]: 'fail' };
  const ordinary = { [keys.nativeSidecar.key]: 'false' };

  test('needs a native sidecar: a kubelet starts the application all the same when an ordinary one ends', () => {
    assert.equal(planned(pod(), fail).native, true);
    const refused = /wait-action: "fail" needs a native sidecar.*write "continue"/;
    assert.throws(() => planned(pod(), { ...fail, ...ordinary }), refused);
    assert.equal(planned(pod(), { ...fail, ...ordinary, [keys.waitFor.key]: '0' }).native, false);
  });
});

describe('the containers', () => {
  const two = pod(({ spec }) => {
    spec.containers = [container('app'), container('backup')];
    spec.initContainers = [container('migrate')];
  });

  test('that get the mount are all but init containers, or those that are named', () => {
    const { mount, mounted, mainContainers } = planned(two);
    assert.deepEqual([mounted, mainContainers], [undefined, new Set(['app', 'backup'])]);
    assert.deepEqual(mount, { name: 'rollcall', mountPath: MOUNT_PATH, readOnly: true });
    assert.deepEqual(planned(two, {}).mounted, undefined);
  });

  test('of which kubectl means one are the same as before an ordinary sidecar came', () => {
    assert.equal(planned(two).defaultContainer, undefined);
    const ordinary = { [keys.nativeSidecar.key]: 'false' };
    assert.equal(planned(two, ordinary).defaultContainer, 'app');
    const again = pod(({ spec }) => {
      spec.containers = [{ name: 'rollcall', args: ['sidecar'] }, ...structuredClone(two.spec.containers)];
    });
    assert.equal(planned(again, ordinary).defaultContainer, 'app');
  });
});

test('it alone may write to the shared folder, and alone has the token', () => {
  const { sidecar, mount } = planned();
  assert.deepEqual(mount, { name: 'rollcall', mountPath: MOUNT_PATH, readOnly: true });
  assert.deepEqual(sidecar.volumeMounts, [
    { name: 'rollcall', mountPath: MOUNT_PATH },
    { name: 'rollcall-token', mountPath: TOKEN_PATH, readOnly: true },
  ]);
});

test('two plans share nothing: who changes one does not change the other', () => {
  const first = planned();
  (first.sidecar.securityContext as Any).privileged = true;
  (first.volumes[1] as Any).projected.sources.pop();
  assert.deepEqual(restrictedViolations(planned().sidecar), []);
  assert.equal((planned().volumes[1] as Any).projected.sources.length, 2);
});
