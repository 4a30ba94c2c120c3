import assert from 'node:assert/strict';
import { isIP } from 'node:net';
import type { Member } from '../../src/watcher/protocol.ts';

const TEXTS = ['uid', 'name', 'namespace', 'hostname', 'node', 'zone', 'identity'] as const;
const REQUIRED = ['uid', 'name', 'namespace'];

/** A member that is what its type says, and safe in any line of text: judged without the code under test. */
export function assertSound(member: Member, context: string): void {
  for (const field of TEXTS) {
    const value: unknown = member[field];
    if (value === undefined && !REQUIRED.includes(field)) continue;
    assert.ok(typeof value === 'string' && isPlain(value), `${field} ${JSON.stringify(value)}, ${context}`);
  }
  assert.ok(member.addresses.length > 0, context);
  for (const address of member.addresses) assert.notEqual(isIP(address), 0, `${address}, ${context}`);
  for (const [name, port] of Object.entries(member.ports)) {
    assert.ok(name === '' || isPlain(name), `port ${JSON.stringify(name)}, ${context}`);
    assert.ok(Number.isInteger(port) && port > 0 && port < 65_536, `port ${port}, ${context}`);
  }
  for (const field of ['ready', 'serving', 'terminating'] as const)
    assert.equal(typeof member[field], 'boolean', `${field}, ${context}`);
  assert.ok(member.ordinal === undefined || Number.isInteger(member.ordinal), context);
  assert.ok(member.self === undefined || member.self === true, context);
}

/** Neither a space nor a control character, nor anything else that means something to a shell. */
function isPlain(text: string): boolean {
  return /^[A-Za-z0-9_.:-]{1,253}$/.test(text);
}
