import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mountPath } from '../../src/inject/mount-path.ts';

const taken = [
  '/run/rollcall',
  '/var/run/peers',
  '/var/lib/db/peers',
  '/srv/a',
  '/mnt/a_b',
  '/opt/a.b-c',
  '/data/_x',
  '/etc/db/peers',
  '/home/db/run',
  '/tmp/a',
  '/run/secretsauce',
  `/run/${'a'.repeat(89)}`,
];

for (const path of taken) test(`${path} may be mounted over`, () => assert.equal(mountPath(path), path));

const refused: [path: string, why: string][] = [
  ['', 'nothing'],
  ['/', 'the image itself'],
  ['/run', 'a root, with all that is in it'],
  ['/etc', 'a root'],
  ['/usr/lib', 'what an image has'],
  ['/bin/x', 'what an image has'],
  ['/proc/x', 'the kernel'],
  ['/sys/x', 'the kernel'],
  ['/dev/shm', 'devices'],
  ['/running/x', 'only begins like a root'],
  ['run/rollcall', 'no absolute path'],
  ['/run/rollcall/', 'a slash at the end'],
  ['/run//rollcall', 'an empty part'],
  ['/run/./rollcall', 'a dot'],
  ['/run/../etc', 'a way up'],
  ['/run/x/..', 'a way up'],
  ['/run/.hidden', 'a part that begins with a dot'],
  ['/run/a:b', 'a colon, which Kubernetes refuses'],
  ['/run/a b', 'a space'],
  ['/run/a\n', 'a line break'],
  ['/run/$(HOME)', 'a variable'],
  ['/run/é', 'bytes that are not letters'],
  [`/run/${'a'.repeat(90)}`, 'a path whose socket is too long to be connected to'],
];

for (const [path, why] of refused) {
  test(`${JSON.stringify(path.slice(0, 30))} is refused: ${why}`, () => {
    assert.throws(() => mountPath(path), {
      message: /the absolute path of a folder below \/run, .*at most 94 characters, such as \/run\/rollcall/,
    });
  });
}

for (const path of ['/run/secrets', '/run/secrets/x', '/var/run/secrets/kubernetes.io/serviceaccount']) {
  test(`${path} is refused: the secrets of the pod are there`, () => {
    assert.throws(() => mountPath(path), { message: /secrets of the pod.*another, such as \/run\/rollcall/ });
  });
}

test('the longest path leaves room for the name of the socket', () => {
  const longest = `/run/${'a'.repeat(89)}`;
  assert.ok(Buffer.byteLength(`${longest}/members.sock`) <= 107);
});
