import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { keys } from '../../src/inject/annotations.ts';
import { accepted, refused, type Tweak } from './tweaks.ts';

describe('on the network of the node', () => {
  const ports =
    (...given: object[]): Tweak =>
    (made) => {
      made.spec.hostNetwork = true;
      made.spec.containers[0]!.ports = given;
    };
  const notify = (text: string) => ({ [keys.notify.key]: text });

  test('only a port of the pod itself is notified', () => {
    accepted(ports({ containerPort: 8080 }), notify('http://127.0.0.1:8080/members'));
    accepted(ports({ containerPort: 80, protocol: 'TCP' }), notify('http://127.0.0.1/'));
    accepted(ports({ containerPort: 53, protocol: 'UDP' }), notify('udp://[::1]:53'));
    accepted(() => {}, notify('http://127.0.0.1:10250/'));
    const cases: [Tweak, string][] = [
      [ports(), 'http://127.0.0.1:10250/'],
      [ports({ containerPort: 8080 }), 'http://127.0.0.1:8080/ http://localhost:10250/run'],
      [ports({ containerPort: 53 }), 'udp://127.0.0.1:53'],
      [ports({ containerPort: 80, protocol: 'UDP' }), 'http://127.0.0.1/'],
    ];
    for (const [tweak, text] of cases) {
      const [code, sentence] = refused(tweak, notify(text));
      assert.equal(code, 'bad-value');
      assert.match(
        sentence,
        /^annotation rollcall\.dev\/notify: ".*" leads to a port of the node.*containerPort/,
      );
    }
  });
});
