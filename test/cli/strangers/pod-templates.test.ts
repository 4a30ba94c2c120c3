import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { at, type Path } from '../../../src/cli/document/value.ts';
import { run } from '../run.ts';
import { ASKS, inject, injected } from './asking-pod.ts';

describe('embedded pod templates', () => {
  const object = (apiVersion: string, kind: string, spec: string) =>
    `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: {name: r}\nspec: ${spec}\n`;
  const template = `{metadata: {annotations: {${ASKS}}}, spec: {containers: [{name: c, image: i}]}}`;
  const found: [kind: string, input: string, paths: Path[]][] = [
    ['Rollout', object('argoproj.io/v1alpha1', 'Rollout', `{template: ${template}}`), [['template']]],
    ['CloneSet', object('apps.kruise.io/v1alpha1', 'CloneSet', `{template: ${template}}`), [['template']]],
    [
      'DeploymentConfig',
      object('apps.openshift.io/v1', 'DeploymentConfig', `{template: ${template}}`),
      [['template']],
    ],
    [
      'Volcano Job',
      object(
        'batch.volcano.sh/v1alpha1',
        'Job',
        `{tasks: [{name: a, template: ${template}}, {name: b, template: ${template}}]}`,
      ),
      [
        ['tasks', 0, 'template'],
        ['tasks', 1, 'template'],
      ],
    ],
    [
      'JobSet',
      object(
        'jobset.x-k8s.io/v1alpha2',
        'JobSet',
        `{replicatedJobs: [{template: {spec: {template: ${template}}}}]}`,
      ),
      [['replicatedJobs', 0, 'template', 'spec', 'template']],
    ],
    [
      'LeaderWorkerSet',
      object(
        'leaderworkerset.x-k8s.io/v1',
        'LeaderWorkerSet',
        `{leaderWorkerTemplate: {leaderTemplate: ${template}, workerTemplate: ${template}}}`,
      ),
      [
        ['leaderWorkerTemplate', 'leaderTemplate'],
        ['leaderWorkerTemplate', 'workerTemplate'],
      ],
    ],
    [
      'a kind of tomorrow',
      object('example.com/v1', 'X', `{groups: {a: {podTemplate: ${template}}}}`),
      [['groups', 'a', 'podTemplate']],
    ],
  ];
  for (const [kind, input, paths] of found) {
    test(`${kind} is injected, and explained`, async () => {
      const { value } = await injected(input);
      for (const path of paths)
        assert.equal(at(value, ['spec', ...path, 'spec', 'initContainers', 0, 'name']), 'rollcall');
      const explained = await run('explain', ['-f', '-', '-o', 'json'], { input });
      assert.equal((JSON.parse(explained.out) as unknown[]).length, paths.length);
    });
  }

  const warned: [kind: string, input: string, why: RegExp][] = [
    [
      'Knative Service',
      object('serving.knative.dev/v1', 'Service', `{template: ${template}}`),
      /Knative refuses .*the webhook/,
    ],
    [
      'a template that its controller completes',
      object('example.com/v1', 'X', `{podTemplate: ${template.replace(', image: i', '')}}`),
      /its containers have no image/,
    ],
    [
      'a VirtualMachine, whose template has no containers',
      object(
        'kubevirt.io/v1',
        'VirtualMachine',
        `{template: {metadata: {annotations: {${ASKS}}}, spec: {domain: {}}}}`,
      ),
      /in spec\.template\.metadata\.annotations: not injected here, since there is no pod template with containers/,
    ],
    [
      'annotations for pods elsewhere',
      object('example.com/v1', 'X', `{podMetadata: {annotations: {${ASKS}}}}`),
      /in spec\.podMetadata\.annotations/,
    ],
    [
      'a manifest inside of another',
      object(
        'example.com/v1',
        'X',
        `{manifest: {apiVersion: apps/v1, kind: Deployment, spec: {template: ${template}}}}`,
      ),
      /a manifest inside of another; inject that Deployment by itself/,
    ],
    [
      'a Service',
      `apiVersion: v1\nkind: Service\nmetadata: {name: r, annotations: {${ASKS}}}\n`,
      /says nothing about pods there/,
    ],
  ];
  for (const [kind, input, why] of warned) {
    test(`${kind} is warned of`, async () => {
      const { out, err, code } = await inject(input);
      assert.deepEqual([out, code], [input, 0]);
      assert.match(err, /^\w+\/r: warning: rollcall\.dev\/inject in /);
      assert.match(err, why);
    });
  }

  test('what does not ask is not warned of', async () => {
    const { err } = await inject(
      object('example.com/v1', 'X', '{podTemplate: {spec: {containers: [{name: c}]}}}'),
    );
    assert.doesNotMatch(err, /warning/);
  });
});
