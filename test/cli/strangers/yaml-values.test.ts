import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parse } from '../../../src/cli/document/parse.ts';
import { at, type Fields, type Value } from '../../../src/cli/document/value.ts';
import { CONTAINERS, HEAD, inject, injected } from './asking-pod.ts';

const env = (value: Value, name: string) => {
  const list = at(value, ['spec', 'initContainers', 0, 'env']) as Fields[];
  return list.find((one) => one.name === name)?.value;
};

describe('values are read by YAML 1.1', () => {
  test('a mode stays the octal number that kubectl reads, in whatever form it is printed', async () => {
    const input = `${HEAD}spec:\n  volumes:\n  - {name: k, secret: {secretName: s, defaultMode: 0400}}\n${CONTAINERS}`;
    const mode = ['spec', 'volumes', 0, 'secret', 'defaultMode'];
    assert.equal(at((await injected(input)).value, mode), 0o400);
    for (const format of ['yaml', 'json']) {
      const { out } = await inject(input, '-o', format);
      assert.equal(at(parse(out).value, mode), 256);
      assert.match(out, /256/);
    }
  });

  const booleans = ['yes', 'on', 'y', 'True', 'YES', '!!bool on'];
  for (const word of booleans) {
    test(`hostNetwork: ${word} is true`, async () => {
      assert.equal(
        env((await injected(`${HEAD}spec:\n  hostNetwork: ${word}\n${CONTAINERS}`)).value, 'ROLLCALL_PORT'),
        'off',
      );
    });
  }

  for (const [text, seconds] of [
    ['1_0', '5'],
    ['0x1E', undefined],
    ['010', '3'],
    ['0b1111', '10'],
  ] as const) {
    test(`a grace period of ${text} is a number`, async () => {
      const { value } = await injected(
        `${HEAD}spec:\n  terminationGracePeriodSeconds: ${text}\n${CONTAINERS}`,
      );
      assert.equal(env(value, 'ROLLCALL_GRACE_SECONDS'), seconds);
    });
  }

  test('what is remembered comes back as it was written', async () => {
    const { value } = await injected(
      `${HEAD}spec:\n  automountServiceAccountToken: yes # as ever\n${CONTAINERS}`,
    );
    assert.equal(at(value, ['spec', 'automountServiceAccountToken']), false);
  });

  test('texts that look like numbers or words stay texts, and large numbers keep their digits', async () => {
    const texts = ['yes', '0400', '1_000', '0o7', '~', '1e3', 'n', '+1', '1:30', '\u2028', '\u0085'];
    const written = JSON.stringify(texts).replace('\u2028', '\\L').replace('\u0085', '\\N');
    const input = `${HEAD}spec:\n  big: 9007199254740993\n  args: ${written}\n${CONTAINERS}`;
    const yaml = await inject(input, '-o', 'yaml');
    assert.deepEqual(at(parse(yaml.out).value, ['spec', 'args']), texts);
    assert.equal(at(parse(yaml.out).value, ['spec', 'big']), 9007199254740993n);
    assert.match((await inject(input, '-o', 'json')).out, /"big": 9007199254740993,/);
  });
});

describe('null is not absence', () => {
  const nulls = ['', ' ', ' ~', ' null', ' Null', ' NULL', ' # none yet', ' ~ # none yet', ' !!null null'];
  for (const nothing of nulls) {
    test(`the lines of "key:${nothing}" stay`, async () => {
      const spec = `spec:\n  volumes:${nothing}\n  initContainers:${nothing}\n  containers:\n  - name: c\n    volumeMounts:${nothing}\n    image: i\n  serviceAccountName:${nothing}\n`;
      const { out } = await injected(HEAD + spec);
      const comment = /#.*/.exec(nothing)?.[0];
      if (comment !== undefined) assert.ok(out.split(comment).length >= spec.split(comment).length);
    });
  }

  test('in brackets, in JSON, and of metadata', async () => {
    await injected(
      `${HEAD}spec: {volumes: , initContainers: null, containers: [{name: c, volumeMounts: ~}]}\n`,
    );
    await injected(
      `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p","annotations":{"rollcall.dev/inject":"true","rollcall.dev/service":"x"}},` +
        '"spec":{"volumes":null,"containers":[{"name":"c","volumeMounts":null}]}}\n',
    );
    const template = `metadata:\n      # nothing\n    spec:\n      subdomain: x\n      containers: [{name: c}]\n`;
    const deployment = `apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\nspec:\n  template:\n    ${template}`;
    await injected(deployment, '--all');
    await injected(deployment.replace('# nothing', 'annotations: # nothing'), '--all');
  });

  test('what is written below a key without a value stays below it', async () => {
    const { out } = await injected(`${HEAD}spec:\n  volumes:\n    # - name: data\n${CONTAINERS}`);
    assert.match(out, /\n {2}volumes:\n {4}# - name: data\n {2}- name: rollcall\n/);
  });
});
