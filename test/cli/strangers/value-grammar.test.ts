import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { run } from '../run.ts';
import { ASKS, CONTAINERS, HEAD, inject, injected, refused } from './asking-pod.ts';

describe('values by their grammar', () => {
  const withKey = (line: string, spec = '') =>
    `${HEAD.replace(ASKS, `${ASKS}, ${line}`)}spec:\n${spec}${CONTAINERS}`;

  test('a selector of two words is refused with its key', async () => {
    const input = `${HEAD.replace(ASKS, 'rollcall.dev/inject: "true", rollcall.dev/selector: "app=db role=main"')}spec:\n${CONTAINERS}`;
    assert.match(
      await refused(input),
      /annotation rollcall\.dev\/selector: "app=db role=main" is not valid; .*no comma before "role"/,
    );
  });

  test('Windows by the older label', async () => {
    const input = `${HEAD}spec:\n  nodeSelector: {beta.kubernetes.io/os: windows}\n${CONTAINERS}`;
    assert.match(await refused(input), /refused \(windows\)/);
  });

  test('a mount around ours that is read-only, and a device in its place', async () => {
    const around = `${HEAD}spec:\n${CONTAINERS}    volumeMounts: [{name: v, mountPath: /run, readOnly: true}]\n`;
    assert.match(
      await refused(around),
      /refused \(mount-path-taken\): .*give rollcall\.dev\/mount-path another folder/,
    );
    const device = `${HEAD}spec:\n${CONTAINERS}    volumeDevices: [{name: v, devicePath: //run/rollcall}]\n`;
    assert.match(await refused(device), /refused \(mount-path-taken\)/);
  });

  test('a port that a container has, and a target that is the sidecar', async () => {
    const ports = '    ports: [{containerPort: 8080}]\n';
    assert.match(
      await refused(withKey('rollcall.dev/port: "8080"') + ports),
      /annotation rollcall\.dev\/port: "8080" is a port of container "c"; write another/,
    );
    assert.match(
      await refused(withKey('rollcall.dev/notify: "http://127.0.0.1:17655/x"')),
      /leads to the sidecar itself/,
    );
    await injected(
      withKey('rollcall.dev/port: "8081", rollcall.dev/notify: "http://127.0.0.1:8080/x"') + ports,
    );
  });

  test('an amount is said back as it counts', async () => {
    const input = withKey('rollcall.dev/memory-limit: "128"');
    assert.match(
      (await inject(input)).err,
      /warning: annotation rollcall\.dev\/memory-limit: "128" counts as 48Mi$/m,
    );
    const { out } = await run('explain', ['-f', '-'], { input });
    assert.match(out, /rollcall\.dev\/memory-limit +128, which counts as 48Mi \(pod\)/);
    assert.doesNotMatch((await inject(withKey('rollcall.dev/memory-limit: "134217728"'))).err, /counts as/);
  });

  const misshapen: [line: string, place: string][] = [
    ['  volumes: {a: b}\n', 'spec.volumes has to be a list'],
    ['  volumes: [{name: 1}]\n', 'spec.volumes[0].name has to be a text'],
    ['  initContainers: x\n', 'spec.initContainers'],
    ['  nodeSelector: [a]\n', 'spec.nodeSelector has to be a map'],
    ['  serviceAccountName: 1\n', 'spec.serviceAccountName has to be a text'],
  ];
  for (const [line, place] of misshapen) {
    test(`a part of another type is refused with its place, and nothing breaks: ${line.trim()}`, async () => {
      const input = `${HEAD}spec:\n${line}${CONTAINERS}`;
      const { out, err, code } = await inject(input);
      // What is no list of containers makes it no pod template, and what asks is warned of.
      if (code === 0) assert.deepEqual([out, /warning|no pod/.test(err)], [input, true]);
      else assert.ok(err.includes(place), err);
      assert.equal((await run('uninject', ['-f', '-'], { input })).out, input);
      assert.equal((await run('explain', ['-f', '-'], { input })).code, 0);
    });
  }

  test('a container with parts of another type is refused with its place', async () => {
    for (const line of [
      'ports: 80',
      'volumeMounts: {a: b}',
      'volumeMounts: [{name: a}]',
      'resources: 1',
      'name: 1',
    ]) {
      assert.match(await refused(`${HEAD}spec:\n${CONTAINERS}    ${line}\n`), /: spec\.containers\[0\]\.\w+/);
    }
  });

  test('an empty namespace is none', async () => {
    const { err } = await inject(
      `${HEAD.replace('name: p', 'name: p\n  namespace: ""')}spec:\n${CONTAINERS}`,
    );
    assert.match(err, /^pod\/p: injected$/m);
  });
});

describe('an annotation without quotes is refused with the advice to quote it', () => {
  for (const word of ['off', 'on', 'yes', 'y', 'no', 'n', 'false', '1_0', '0400', '1.0']) {
    test(word, async () => {
      const err = await refused(
        `${HEAD.replace(ASKS, `${ASKS}, rollcall.dev/port: ${word}`)}spec:\n${CONTAINERS}`,
      );
      assert.ok(err.includes(`annotation rollcall.dev/port: ${word} is a `), err);
      assert.ok(err.includes(`write "${word}" with quotes`), err);
    });
  }

  test('also one of a Namespace, which the API server would refuse', async () => {
    const namespace =
      'apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, annotations: {rollcall.dev/wait-for: 3}}\n';
    const err = await refused(`${namespace}---\n${HEAD}spec:\n${CONTAINERS}`);
    assert.match(
      err,
      /^namespace\/shop: refused \(bad-value\): annotation rollcall\.dev\/wait-for: 3 is a number/m,
    );
  });
});
