import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { keys } from '../../src/inject/annotations.ts';
import type { Container, Pod } from '../../src/inject/pod.ts';
import { applied, secondPass } from './api-server.ts';
import { askingPod, container, injected, labelled, plain, pod } from './pods.ts';

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
    assert.deepEqual(report.decision, { kind: 'inject', options: { service: 'db' } });
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
