import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { keys } from '../../src/inject/annotations.ts';
import { MOUNT_PATH, SCOPED_ACCOUNT, TOKEN_PATH, TOKEN_VOLUME } from '../../src/inject/names.ts';
import { VOLUME_SIZE } from '../../src/inject/plan.ts';
import type { Pod } from '../../src/inject/pod.ts';
import { isRestrictedVolume, restrictedViolations } from '../support/pod-security.ts';
import { container, INSTALL, planned, pod } from './pods.ts';

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
    const { account, volumes } = planned(job, annotations);
    assert.equal(account, 'scoped');
    assert.ok(volumes.some(({ name }) => name === TOKEN_VOLUME));
    assert.equal(planned(pod(), annotations).account, 'unneeded');
  });
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
    assert.deepEqual([mounted, mainContainers], [undefined, ['app', 'backup']]);
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
