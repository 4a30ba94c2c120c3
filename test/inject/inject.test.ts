import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { keys } from '../../src/inject/annotations.ts';
import type { Container, Pod } from '../../src/inject/pod.ts';
import { applied, secondPass, withoutNativeSidecars } from './api-server.ts';
import { sampled } from './key-samples.ts';
import { annotate, askingPod, container, INSTALL, injected, labelled, plain, pod, warned } from './pods.ts';

/** An injected pod as it comes again, with a change that somebody made to the sidecar. */
function altered(change: (sidecar: Container, pod: Pod) => void): Pod {
  const again = secondPass(applied(askingPod(), injected(askingPod()).patch));
  change(again.spec.initContainers![0]!, again);
  return again;
}

/** The paths that a second call writes to. */
const touched = (given: Pod) => injected(given).patch.map(({ op, path }) => `${op} ${path}`);

describe('a report', () => {
  test('of a pod that is left alone has no patch and no plan', () => {
    const report = injected(pod());
    assert.deepEqual(
      [report.decision.kind, report.patch, report.plan, report.warnings],
      ['skip', [], undefined, []],
    );
  });

  test('of a refused pod has no patch either', () => {
    const { decision, patch } = injected(
      askingPod(({ metadata }) => {
        metadata!.annotations![keys.service.key] = 'No!';
      }),
    );
    assert.deepEqual([decision.kind, patch], ['deny', []]);
  });

  test('of an injected pod has what was planned', () => {
    const report = injected(askingPod());
    assert.ok(report.decision.kind === 'inject');
    assert.deepEqual(report.decision.options.group, { source: 'endpointslices', service: 'db' });
    assert.deepEqual(report.decision.plan, report.plan);
    assert.equal(report.plan?.accountName, 'rollcall-watcher');
    assert.ok(report.patch.length > 0);
  });
});

describe('a pod that comes again', () => {
  test('gets an empty patch, though the API server has filled it in', () => {
    assert.deepEqual(touched(altered(() => {})), []);
  });

  test('gets an empty patch with an account of its own, and from its namespace', () => {
    const given = pod(({ spec }) => {
      Object.assign(spec, { serviceAccountName: 'app', serviceAccount: 'app', subdomain: 'db' });
    });
    const first = injected(given, { namespace: labelled });
    const again = secondPass(applied(given, first.patch));
    assert.deepEqual(injected(again, { namespace: labelled }).patch, []);
  });

  test('gets an empty patch on a dry run', () => {
    const context = { namespace: plain, dryRun: true };
    const again = secondPass(applied(askingPod(), injected(askingPod(), context).patch));
    assert.deepEqual(injected(again, context).patch, []);
  });

  const several: Record<string, string>[] = [
    ...sampled.flatMap(([name, { good }]) => good.map((text) => ({ [keys[name].key]: text }))),
    { [keys.nativeSidecar.key]: 'false', [keys.port.key]: 'off', [keys.scripts.key]: 'a' },
    { [keys.cpuLimit.key]: '1000m', [keys.memoryLimit.key]: '0.25Gi', [keys.cpuRequest.key]: '0.05' },
    { [keys.containers.key]: 'app', [keys.mountPath.key]: '/run/peers' },
  ];
  test('gets an empty patch whatever it says', () => {
    let count = 0;
    for (const annotations of several) {
      const given = askingPod(annotate(annotations));
      const first = injected(given);
      if (first.decision.kind !== 'inject') continue;
      count += 1;
      const again = secondPass(applied(given, first.patch));
      assert.deepEqual(injected(again).patch, [], JSON.stringify(annotations));
    }
    assert.ok(count > 50, `${count} of ${several.length} were injected`);
  });

  test('gets an empty patch where the pod has resources as a whole', () => {
    const given = askingPod(({ spec }) => {
      spec.resources = { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '1', memory: '1Gi' } };
    });
    assert.deepEqual(injected(secondPass(applied(given, injected(given).patch))).patch, []);
  });

  test('gets its restart policy back where a webhook that does not know it took it away', () => {
    const stripped = withoutNativeSidecars(altered(() => {}));
    const { patch } = injected(stripped);
    assert.deepEqual(
      patch.map(({ path }) => path),
      ['/spec/initContainers/0'],
    );
    assert.equal(applied(stripped, patch).spec.initContainers![0]!.restartPolicy, 'Always');
  });

  const replaced: [what: string, change: (sidecar: Container) => void][] = [
    ['a command of its own', (sidecar) => Object.assign(sidecar, { command: ['sh'] })],
    ['other arguments', (sidecar) => Object.assign(sidecar, { args: ['sidecar', '--server', 'http://x'] })],
    ['another image', (sidecar) => Object.assign(sidecar, { image: 'evil:1' })],
    ['a hook', (sidecar) => Object.assign(sidecar, { lifecycle: { postStart: { exec: {} } } })],
    ['ports', (sidecar) => Object.assign(sidecar, { ports: [{ containerPort: 1, hostPort: 1 }] })],
    ['no restart policy', (sidecar) => delete sidecar.restartPolicy],
    ['a working directory', (sidecar) => Object.assign(sidecar, { workingDir: '/tmp' })],
    ['no probe', (sidecar) => delete sidecar.startupProbe],
    ['a pull policy that never pulls', (sidecar) => Object.assign(sidecar, { imagePullPolicy: 'Never' })],
    ['root', (sidecar) => Object.assign(sidecar.securityContext as object, { runAsUser: 0 })],
    ['privileges', (sidecar) => Object.assign(sidecar.securityContext as object, { privileged: true })],
    [
      'a capability',
      (sidecar) =>
        Object.assign(sidecar.securityContext as object, {
          capabilities: { drop: ['ALL'], add: ['SYS_PTRACE'] },
        }),
    ],
    ['no security context', (sidecar) => delete sidecar.securityContext],
    ['no limits', (sidecar) => Object.assign(sidecar, { resources: {} })],
    [
      'the service of another group, said again',
      (sidecar) => (sidecar.env as object[]).push({ name: 'ROLLCALL_SERVICE', value: 'other' }),
    ],
    ['no token', (sidecar) => sidecar.volumeMounts!.pop()],
  ];

  for (const [what, change] of replaced) {
    test(`gets the sidecar anew where it has ${what}`, () => {
      const given = altered(change);
      assert.deepEqual(touched(given), ['replace /spec/initContainers/0']);
      const { plan, patch } = injected(given);
      assert.deepEqual(applied(given, patch).spec.initContainers, [plan!.sidecar]);
    });
  }

  const kept: [what: string, change: (sidecar: Container, pod: Pod) => void][] = [
    ['a variable more', (sidecar) => (sidecar.env as object[]).unshift({ name: 'HTTP_PROXY', value: 'p' })],
    [
      'a mount more',
      (sidecar, { spec }) => {
        spec.volumes!.push({ name: 'zone', emptyDir: {} });
        sidecar.volumeMounts!.push({ name: 'zone', mountPath: '/usr/share/zoneinfo' });
      },
    ],
    [
      'a limit more',
      (sidecar) => {
        const { limits } = sidecar.resources as { limits: Record<string, string> };
        limits['ephemeral-storage'] = '1Gi';
      },
    ],
    [
      'the pull policy of AlwaysPullImages',
      (sidecar) => Object.assign(sidecar, { imagePullPolicy: 'Always' }),
    ],
    [
      'the image from a mirror',
      (sidecar) => Object.assign(sidecar, { image: `mirror.example/hub/${sidecar.image}` }),
    ],
    [
      'another sidecar before it',
      (_sidecar, { spec }) => spec.initContainers!.unshift(container('proxy', { volumeMounts: [] })),
    ],
  ];

  for (const [what, change] of kept) {
    test(`keeps ${what}, which another injector or the cluster gave it`, () => {
      assert.deepEqual(touched(altered(change)), []);
    });
  }

  test('gets what another injector took away, and no more', () => {
    const given = altered((_sidecar, { spec }) =>
      spec.containers.push(container('late', { volumeMounts: [] })),
    );
    assert.deepEqual(touched(given), ['add /spec/containers/1/volumeMounts']);
  });

  test('follows its annotation to another group', () => {
    const given = altered((_sidecar, { metadata }) => {
      metadata!.annotations![keys.service.key] = 'cache';
    });
    assert.deepEqual(touched(given), [
      'add /metadata/annotations/rollcall.dev~1status',
      'replace /spec/initContainers/0',
    ]);
  });
});

describe('an image that another webhook has pinned or fetched elsewhere', () => {
  const DIGEST = `@sha256:${'a1'.repeat(32)}`;
  const seenWith = (image: string, context = {}) => {
    const made = askingPod();
    const again = secondPass(applied(made, injected(made, context).patch));
    again.spec.initContainers![0]!.image = image;
    return injected(again, context).patch.length;
  };

  test('stays where it is the same version, and is put right where it is not', () => {
    assert.equal(seenWith(`mirror.example/hub/rollcall:0.1.0${DIGEST}`), 0);
    assert.equal(seenWith(`mirror.example/hub/rollcall:0.0.9${DIGEST}`), 1);
  });

  test('is put right where the installation itself names a digest, and it is another', () => {
    const install = { ...INSTALL, image: `rollcall${DIGEST}` };
    assert.equal(seenWith(`mirror.example/rollcall${DIGEST}`, { install }), 0);
    assert.equal(seenWith(`rollcall@sha256:${'b2'.repeat(32)}`, { install }), 1);
  });
});

describe('warnings', () => {
  const warnings = (annotations: Record<string, string>, context = {}, base = askingPod) =>
    warned(injected(base(annotate(annotations)), context));

  test('name keys that there are not, whatever becomes of the pod', () => {
    const typo = { 'rollcall.dev/wait-fro': '3', 'rollcall.dev/zzzzzz': '' };
    const unknown = [
      'annotation rollcall.dev/wait-fro is not known; is rollcall.dev/wait-for meant?',
      'annotation rollcall.dev/zzzzzz is not known',
    ];
    assert.deepEqual(warnings(typo), unknown);
    assert.deepEqual(warnings({ ...typo, [keys.inject.key]: 'false' }), unknown);
    assert.deepEqual(warnings({ ...typo, [keys.service.key]: 'No!' }), unknown);
  });

  test('say that nothing comes of keys on a pod that nobody asks for', () => {
    const [warning, ...more] = warnings({ [keys.service.key]: 'db' }, {}, pod);
    assert.match(warning!, /rollcall\.dev\/service does nothing on a pod that is not injected; neither/);
    assert.deepEqual(more, []);
    assert.deepEqual(warnings({ [keys.status.key]: 'x' }, {}, pod), [], 'it is ours');
    assert.deepEqual(warnings({ 'other.example/a': 'x' }, {}, pod), []);
  });

  test('tell of a gate that its own pods may never open', () => {
    const waiting = (more: Record<string, string>) =>
      warned(injected(askingPod(annotate({ [keys.waitFor.key]: '2', ...more }))));
    assert.deepEqual(waiting({}), []);
    assert.match(waiting({ [keys.source.key]: 'dns' }).join(), /wait-for: .*publishNotReadyAddresses: true$/);
    assert.match(
      waiting({ [keys.nativeSidecar.key]: 'false' }).join(),
      /wait-for: a pod has no address until/,
    );
    assert.equal(waiting({ [keys.source.key]: 'dns', [keys.waitFor.key]: '1' }).length, 1);
    assert.deepEqual(waiting({ [keys.source.key]: 'dns', [keys.waitFor.key]: '0' }), []);
  });

  test('of a dry run tell the account that the pod will have, when it is another', () => {
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
    assert.deepEqual(warnings({ [keys.source.key]: 'dns' }, { dryRun: true }), []);
  });
});
