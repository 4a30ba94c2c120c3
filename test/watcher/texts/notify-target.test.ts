import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseTarget } from '../../../src/watcher/texts/notify-target.ts';

for (const [text, problem] of [
  ['http://10.0.0.1:80/', /leads out of the pod, to "10.0.0.1".*give 127.0.0.1, \[::1\] or localhost/],
  ['http://127.0.0.1.evil.example/', /leads out of the pod/],
  ['http://localhost.evil.example/', /leads out of the pod/],
  ['http://0.0.0.0:80/', /leads out of the pod/],
  ['http://[::]:80/', /leads out of the pod/],
  ['http://[fd00::1]:80/', /leads out of the pod/],
  ['http://127.0.0.1:80@10.0.0.1/', /to "10.0.0.1"/],
  ['udp://10.0.0.1:99', /to "10.0.0.1"/],
  ['https://127.0.0.1/', /"https:\/\/127.0.0.1\/" is not an http or udp URL; give http:/],
  ['127.0.0.1:80', /is not an http or udp URL/],
  ['', /is not an http or udp URL/],
  ['udp://127.0.0.1', /names no port/],
  ['udp://127.0.0.1:0', /names no port/],
  ['udp://127.0.0.1:99/path', /is more than a host and a port; give udp:\/\/127.0.0.1:99/],
] as const) {
  test(`refused at the start: notify ${JSON.stringify(text)}`, () => {
    assert.throws(() => parseTarget(text), { message: problem });
  });
}

test('all of 127/8, localhost and ::1 are this pod', () => {
  for (const host of ['127.0.0.1', '127.1.2.3', 'localhost', '[::1]', '[0:0:0:0:0:0:0:1]']) {
    assert.ok(parseTarget(`http://${host}:80/`));
    assert.ok(parseTarget(`udp://${host}:80`));
  }
});
