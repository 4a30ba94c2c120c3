import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { keys } from '../../src/inject/annotations.ts';
import { annotate, askingPod, injected, planned, pod, warned } from './pods.ts';

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

test('a gate that its own pods may never open is warned of', () => {
  const waiting = (more: Record<string, string>) =>
    warned(injected(askingPod(annotate({ [keys.waitFor.key]: '2', ...more }))));
  assert.deepEqual(waiting({}), []);
  assert.match(waiting({ [keys.source.key]: 'dns' }).join(), /wait-for: .*publishNotReadyAddresses: true$/);
  assert.match(waiting({ [keys.nativeSidecar.key]: 'false' }).join(), /wait-for: a pod has no address until/);
  assert.equal(waiting({ [keys.source.key]: 'dns', [keys.waitFor.key]: '1' }).length, 1);
  assert.deepEqual(waiting({ [keys.source.key]: 'dns', [keys.waitFor.key]: '0' }), []);
});
