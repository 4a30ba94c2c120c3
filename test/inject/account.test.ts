import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { keys } from '../../src/inject/annotations.ts';
import { MOUNT_PATH, TOKEN_PATH, TOKEN_VOLUME } from '../../src/inject/names.ts';
import type { Pod, VolumeMount } from '../../src/inject/pod.ts';
import { GUEST_ACCOUNT, POD_ACCOUNT, ROLES, SCALE_ACCOUNT, SCOPED_ACCOUNT } from '../../src/inject/roles.ts';
import { applied, containersOf } from './api-server.ts';
import {
  annotate,
  askingPod,
  container,
  decided,
  injected,
  plain,
  planned,
  pod,
  readable,
  refusal,
  TOKEN,
  TOKEN_MOUNT,
  tokenVolume,
  warned,
} from './pods.ts';

function withAccount(name: string | undefined, alias = name): Pod {
  return pod(({ spec }) => {
    for (const field of ['serviceAccountName', 'serviceAccount'] as const) delete spec[field];
    if (name !== undefined) spec.serviceAccountName = name;
    if (alias !== undefined) spec.serviceAccount = alias;
  });
}

function account(name: string) {
  return ({ spec }: Pod) => {
    Object.assign(spec, { serviceAccountName: name, serviceAccount: name });
  };
}

/** The pod after injection. */
function after(given: Pod): Pod {
  return applied(given, injected(given).patch);
}

const OURS: VolumeMount = { name: 'rollcall', mountPath: MOUNT_PATH, readOnly: true };

const mountsOf = (pod: Pod) => containersOf(pod).map(({ name, volumeMounts }) => [name, volumeMounts]);

const volumeNames = ({ spec }: Pod) => spec.volumes?.map(({ name }) => name);

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

  test('is to scales only where a workload is expected, under an account of that need', () => {
    const expects = (expected: string, more = {}) => access({ [keys.expected.key]: expected, ...more });
    const both = { account: SCALE_ACCOUNT, roles: [ROLES.slices, ROLES.scale] };
    assert.deepEqual(expects('statefulset db'), both);
    assert.deepEqual(expects('5'), { account: SCOPED_ACCOUNT, roles: [ROLES.slices] });
    assert.deepEqual(expects('statefulset db', dns), { account: SCALE_ACCOUNT, roles: [ROLES.scale] });
    const pods = { [keys.memberLabels.key]: 'role' };
    assert.deepEqual(expects('statefulset db', pods), {
      account: POD_ACCOUNT,
      roles: [ROLES.slices, ROLES.pods, ROLES.scale],
    });
  });

  test('is to nothing of its own namespace where all groups are of others, under an account of that need', () => {
    const far = { [`${keys.group.key}far`]: 'service tcp-servers in team-b' };
    const near = { [`${keys.group.key}near`]: 'service tcp-servers' };
    const here = { [`${keys.group.key}here`]: `service tcp-servers in ${plain.name}` };
    const namespace = { ...readable, grantedBy: ['team-b'] };
    const planOf = (
      annotations: Record<string, string>,
      tweak: (pod: Pod) => unknown = () => {},
      dryRun = false,
    ) => {
      const given = askingPod((made) => {
        annotate(annotations)(made);
        delete made.spec.subdomain;
        tweak(made);
      });
      return injected(given, { namespace, dryRun }).plan;
    };
    const guest = { account: GUEST_ACCOUNT, roles: [] };
    const slices = { account: SCOPED_ACCOUNT, roles: [ROLES.slices] };
    assert.deepEqual(planOf(far)?.access, guest);
    assert.deepEqual(planOf(far, account(SCOPED_ACCOUNT))?.access, guest);
    for (const own of [near, here, { [keys.service.key]: 'db' }])
      assert.deepEqual(planOf({ ...far, ...own })?.access, slices);
    assert.deepEqual(planOf({ ...far, ...ordinary }, job)?.access, {
      account: POD_ACCOUNT,
      roles: [ROLES.pods],
    });
    assert.deepEqual(planOf(near, account(GUEST_ACCOUNT))?.access, slices);
    const dry = planOf(far, undefined, true)!;
    assert.deepEqual(
      [dry.account, dry.accountName, dry.accountWhenCreated],
      ['untouched', 'default', GUEST_ACCOUNT],
    );
    assert.ok(dry.sidecar.volumeMounts?.some(({ name }) => name === TOKEN_VOLUME));
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

describe('the account of the pod that comes of it', () => {
  test('default is swapped, under both names, and no token is mounted for it any more', () => {
    const pod = after(askingPod());
    const { serviceAccountName, serviceAccount, automountServiceAccountToken } = pod.spec;
    assert.deepEqual([serviceAccountName, serviceAccount], [SCOPED_ACCOUNT, SCOPED_ACCOUNT]);
    assert.equal(automountServiceAccountToken, false);
    assert.deepEqual(volumeNames(pod), ['rollcall', 'rollcall-token']);
    assert.deepEqual(pod.spec.containers[0]!.volumeMounts, [OURS]);
  });

  test('another is kept, with its token', () => {
    const given = askingPod(account('app'));
    const pod = after(given);
    assert.deepEqual(
      [pod.spec.serviceAccountName, pod.spec.serviceAccount, pod.spec.automountServiceAccountToken],
      ['app', 'app', undefined],
    );
    assert.deepEqual(volumeNames(pod), [TOKEN, 'rollcall', 'rollcall-token']);
    assert.deepEqual(pod.spec.containers[0]!.volumeMounts, [TOKEN_MOUNT, OURS]);
  });

  test('on a dry run it stays, with its token and a warning', () => {
    const report = injected(askingPod(), { dryRun: true });
    const pod = applied(askingPod(), report.patch);
    assert.equal(pod.spec.serviceAccountName, 'default');
    assert.deepEqual(pod.spec.containers[0]!.volumeMounts, [TOKEN_MOUNT, OURS]);
    assert.match(warned(report).join(), /dry run.*"default".*"rollcall-watcher"/);
    const own = askingPod(({ spec }) => {
      spec.serviceAccountName = 'own';
    });
    assert.deepEqual(injected(own, { dryRun: true }).warnings, [], 'an own account is shown as it will be');
  });
});

describe('the token of the swapped account', () => {
  test('goes from every container and init container', () => {
    const pod = after(
      askingPod(({ spec }) => {
        spec.containers.push(container('second'));
        spec.initContainers = [container('migrate')];
      }),
    );
    assert.deepEqual(mountsOf(pod).slice(1), [
      ['migrate', []],
      ['app', [OURS]],
      ['second', [OURS]],
    ]);
  });

  test('stays as a volume where the application mounts it elsewhere itself', () => {
    const elsewhere = { name: TOKEN, mountPath: '/var/token', readOnly: true };
    const pod = after(
      askingPod(({ spec }) => {
        spec.containers[0]!.volumeMounts!.unshift(elsewhere);
      }),
    );
    assert.deepEqual(pod.spec.containers[0]!.volumeMounts, [elsewhere, OURS]);
    assert.deepEqual(volumeNames(pod), [TOKEN, 'rollcall', 'rollcall-token']);
  });

  test('is not what the application has of its own at the same path', () => {
    const own = { name: 'vault', mountPath: TOKEN_PATH, readOnly: true };
    const pod = after(
      askingPod(({ spec }) => {
        spec.volumes!.unshift({ name: 'vault', emptyDir: {} });
        spec.containers[0]!.volumeMounts = [own];
        spec.containers.push(container('second'));
      }),
    );
    assert.deepEqual(mountsOf(pod).slice(1), [
      ['app', [own, OURS]],
      ['second', [OURS]],
    ]);
    assert.deepEqual(volumeNames(pod), ['vault', 'rollcall', 'rollcall-token']);
  });

  test('goes, however many volumes of it there are', () => {
    const pod = after(
      askingPod(({ spec }) => {
        spec.volumes = [tokenVolume(), { name: 'data', emptyDir: {} }, tokenVolume('kube-api-access-other')];
        spec.containers[0]!.volumeMounts!.push({ name: 'data', mountPath: '/data' });
        spec.containers.push(
          container('second', { volumeMounts: [{ ...TOKEN_MOUNT, name: 'kube-api-access-other' }] }),
        );
      }),
    );
    assert.deepEqual(volumeNames(pod), ['data', 'rollcall', 'rollcall-token']);
    assert.deepEqual(pod.spec.containers[0]!.volumeMounts, [{ name: 'data', mountPath: '/data' }, OURS]);
  });
});

test('a dry run is warned of with the account that the pod will have, when it is another', () => {
  const dry = (serviceAccount: string, own?: string) =>
    warned(
      injected(
        askingPod((made) => {
          annotate({ [keys.serviceAccount.key]: serviceAccount })(made);
          if (own !== undefined) Object.assign(made.spec, { serviceAccountName: own, serviceAccount: own });
        }),
        { dryRun: true },
      ),
    );
  assert.match(dry('auto').join(), /^on a dry run .*"default".* runs as "rollcall-watcher"$/);
  assert.match(dry('scoped', 'app').join(), /"app" of the pod .* runs as "rollcall-watcher"$/);
  assert.deepEqual([dry('auto', 'app'), dry('keep'), dry('auto', 'rollcall-watcher')], [[], [], []]);
  const asking = askingPod(annotate({ [keys.source.key]: 'dns' }));
  assert.deepEqual(warned(injected(asking, { dryRun: true })), []);
});
