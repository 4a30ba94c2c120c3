import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { Addresses } from '../../../src/watcher/kubernetes/addresses.ts';

function addressesOf(...found: string[]): Addresses {
  return new Addresses((_name, callback) => {
    callback(
      null,
      found.map((address) => ({ address, family: 4 })),
    );
  });
}

/** Returns the addresses in the order in which a connection would try them. */
function orderOf(addresses: Addresses): string[] {
  let order: string[] = [];
  addresses.options().lookup('api.example', { all: true }, (_error, found) => {
    if (Array.isArray(found)) order = found.map(({ address }) => address);
  });
  return order;
}

/** Tells of a connection in which one address after the other was tried, and each but the last one given up. */
function follow(addresses: Addresses, gaveUp: readonly string[], last: string, connected = true) {
  const events = new EventEmitter();
  const socket = Object.assign(events, { connecting: true, remoteAddress: connected ? last : undefined });
  const attempt = addresses.follow(socket as unknown as Socket);
  for (const address of gaveUp) {
    events.emit('connectionAttempt', address);
    events.emit('connectionAttemptTimeout', address);
  }
  events.emit('connectionAttempt', last);
  if (connected) events.emit('connect');
  return attempt;
}

test('an address that was given up is tried after the others from then on', () => {
  const addresses = addressesOf('10.0.0.1', '10.0.0.2', '10.0.0.3');
  follow(addresses, ['10.0.0.1'], '10.0.0.2').served();
  assert.deepEqual(orderOf(addresses), ['10.0.0.2', '10.0.0.3', '10.0.0.1']);
});

test('an address that refused is tried after the others from then on', () => {
  const addresses = addressesOf('10.0.0.1', '10.0.0.2');
  const events = new EventEmitter();
  addresses.follow(Object.assign(events, { connecting: true }) as unknown as Socket);
  events.emit('connectionAttemptFailed', '10.0.0.1');
  assert.deepEqual(orderOf(addresses), ['10.0.0.2', '10.0.0.1']);
});

test('of addresses that all failed the one that failed first is tried first, and one that serves is good again', () => {
  const addresses = addressesOf('10.0.0.1', '10.0.0.2', '10.0.0.3');
  for (const address of ['10.0.0.2', '10.0.0.1', '10.0.0.3', '10.0.0.2']) {
    follow(addresses, [], address).failed();
  }
  assert.deepEqual(orderOf(addresses), ['10.0.0.1', '10.0.0.3', '10.0.0.2']);
  follow(addresses, [], '10.0.0.2').served();
  assert.deepEqual(orderOf(addresses), ['10.0.0.2', '10.0.0.1', '10.0.0.3']);
});

test('an address gets longer while none could be reached, since it may be slow and not dead', () => {
  const addresses = addressesOf('10.0.0.1', '10.0.0.2');
  const patience = () => addresses.options().autoSelectFamilyAttemptTimeout;
  const quick = patience();
  follow(addresses, ['10.0.0.1'], '10.0.0.2').failed();
  assert.equal(patience(), quick, 'one was reached, so that more time would not have helped');
  follow(addresses, [], '10.0.0.2', false).failed();
  assert.equal(patience(), quick, 'none was given up');
  follow(addresses, ['10.0.0.1'], '10.0.0.2', false).failed();
  const patient = patience();
  assert.ok(
    patient > 1000 + 250,
    'the answer to a packet that is sent again after a second would be in time',
  );
  for (let attempt = 0; attempt < 10; attempt += 1)
    follow(addresses, ['10.0.0.1'], '10.0.0.2', false).failed();
  assert.ok(patience() > patient && patience() < 5000, `two addresses get ${patience()} ms each at most`);
});

test('a name that has other addresses by now keeps nothing of those before', () => {
  const found = ['10.0.0.1', '10.0.0.2'];
  const addresses = new Addresses((_name, callback) =>
    callback(
      null,
      found.map((address) => ({ address, family: 4 })),
    ),
  );
  follow(addresses, [], '10.0.0.1').failed();
  found[0] = '10.0.0.9';
  assert.deepEqual(orderOf(addresses), ['10.0.0.9', '10.0.0.2']);
  found[0] = '10.0.0.1';
  assert.deepEqual(orderOf(addresses), ['10.0.0.1', '10.0.0.2']);
});

test('a name that has no address is an error, and one address is given to who wants one', () => {
  const missing = Object.assign(new Error('getaddrinfo ENOTFOUND api.example'), { code: 'ENOTFOUND' });
  const unknown = new Addresses((_name, callback) => callback(missing, []));
  const heard: unknown[] = [];
  unknown.options().lookup('api.example', { all: true }, (error) => heard.push(error));
  addressesOf('10.0.0.1', '10.0.0.2')
    .options()
    .lookup('api.example', {}, (error, address, family) => heard.push([error, address, family]));
  assert.deepEqual(heard, [missing, [null, '10.0.0.1', 4]]);
});
