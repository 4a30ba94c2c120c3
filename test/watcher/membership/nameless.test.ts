import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Union } from '../../../src/watcher/membership/union.ts';
import type { Member } from '../../../src/watcher/protocol.ts';
import { member } from '../scripted-source.ts';

const at = (address: string, port: number) =>
  member(`${address}:${port}`, { identity: 'address', addresses: [address], ports: { http: port } });
const pod = (...addresses: string[]) => member('u', { addresses });

test('those without a uid that are one member count in their order, whichever of them became that member first', () => {
  const parts = { type: 'set', key: 'a', members: [at('10.0.0.1', 80), at('10.0.0.2', 81)] } as const;
  const union = new Union();
  const ports = (): Member['ports'] | undefined => {
    union.change();
    return union.members.get('u')?.ports;
  };
  union.apply(parts);
  union.apply({ type: 'set', key: 'b', members: [pod('10.0.0.1', '10.0.0.2')] });
  assert.deepEqual(ports(), { http: 80, '81': 81 });
  union.apply({ type: 'set', key: 'b', members: [pod('10.0.0.2')] });
  assert.deepEqual(ports(), { http: 81 });
  union.apply({ type: 'set', key: 'b', members: [pod('10.0.0.1', '10.0.0.2')] });
  assert.deepEqual(ports(), { http: 80, '81': 81 });
});
