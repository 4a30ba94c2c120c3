import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CONTAINERS, HEAD, injected } from './asking-pod.ts';

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
