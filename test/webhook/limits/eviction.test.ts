import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  bodyToEnd,
  type ConnectionPhase,
  connectionToEnd,
  type EvictableBody,
  type EvictableConnection,
} from '../../../src/webhook/limits/eviction.ts';

const NOW = 10_000;
const BOUNDS = { connections: 8, connectionsOfPeer: 6, graceMs: 500 };

interface Named extends EvictableConnection {
  name: string;
}

/** Ages in milliseconds: `silent 900` is a connection in its handshake for so long. */
function connection(name: string, phase: ConnectionPhase, age: number, peer = 'a'): Named {
  return { name, phase, since: NOW - age, peer };
}

function ended(others: Named[], newcomer: Named, bounds = BOUNDS): string | undefined {
  const held = new Set([...others, newcomer]);
  return connectionToEnd(held, newcomer, countsOf(held), bounds, NOW)?.name;
}

function countsOf(held: Iterable<{ peer: string }>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { peer } of held) counts.set(peer, (counts.get(peer) ?? 0) + 1);
  return counts;
}

const many = (count: number, phase: ConnectionPhase, age: number, peer = 'a') =>
  Array.from({ length: count }, (_, index) => connection(`${phase}-${index}`, phase, age - index, peer));

describe('the connection that goes', () => {
  const newcomer = connection('new', 'handshake', 0);

  test('is none while there is room', () => {
    assert.equal(ended(many(5, 'handshake', 5000), newcomer), undefined);
  });

  test('is first the one that is longest to do its part, whatever rests', () => {
    const others = [
      ...many(4, 'idle', 90_000),
      connection('slow', 'head', 900),
      connection('s', 'body', 600),
    ];
    assert.equal(ended(others, newcomer), 'slow');
  });

  test('is a handshake of a flood, not a connection that rests', () => {
    assert.equal(ended([...many(3, 'handshake', 100), ...many(3, 'idle', 200)], newcomer), 'handshake-0');
  });

  test('is the longest idle, where a few handshakes have just begun', () => {
    assert.equal(ended([...many(1, 'handshake', 100), ...many(5, 'idle', 200)], newcomer), 'idle-0');
  });

  test('is the newcomer only where all others are being served', () => {
    assert.equal(ended([...many(3, 'review', 100), ...many(3, 'answer', 200)], newcomer), 'new');
  });

  test("is one of the newcomer's own peer above the share of a peer", () => {
    const others = [...many(6, 'idle', 10, 'crowd'), connection('old', 'idle', 90_000, 'b')];
    assert.equal(ended(others, connection('new', 'handshake', 0, 'crowd')), 'idle-0');
  });

  test('is one of the peer that holds the most, where all together are too many', () => {
    const others = [...many(5, 'idle', 10, 'crowd'), ...many(3, 'handshake', 2000, 'b')];
    assert.equal(ended(others, connection('new', 'handshake', 0, 'c')), 'idle-0');
  });

  test('never is one that is being served, and always is one when there are too many', () => {
    const phase = fc.constantFrom<ConnectionPhase>(
      'handshake',
      'new',
      'head',
      'body',
      'turn',
      'review',
      'answer',
      'idle',
    );
    const one = fc.record({ phase, age: fc.nat(5000), peer: fc.constantFrom('a', 'b', 'c') });
    fc.assert(
      fc.property(fc.array(one, { maxLength: 12 }), (ones) => {
        const others = ones.map(({ phase, age, peer }, index) => connection(`${index}`, phase, age, peer));
        const held = new Set([...others, newcomer]);
        const counts = countsOf(held);
        const victim = connectionToEnd(held, newcomer, counts, BOUNDS, NOW);
        const crowded = held.size > BOUNDS.connections || counts.get('a')! > BOUNDS.connectionsOfPeer;
        assert.equal(victim !== undefined, crowded);
        if (victim !== undefined) assert.ok(!['turn', 'review', 'answer'].includes(victim.phase));
      }),
    );
  });
});

describe('the body that goes', () => {
  const bounds = { bodiesBytes: 100, bodiesBytesOfPeer: 60 };
  const body = (bytes: number, since: number, fields: Partial<EvictableBody> = {}): EvictableBody => ({
    peer: 'a',
    bytes,
    since,
    served: false,
    ...fields,
  });
  const goes = (grown: EvictableBody, ...others: EvictableBody[]) => {
    const held = new Set([grown, ...others]);
    const ofPeer = new Map<string, number>();
    let total = 0;
    for (const { peer, bytes } of held) {
      ofPeer.set(peer, (ofPeer.get(peer) ?? 0) + bytes);
      total += bytes;
    }
    return bodyToEnd(held, grown, { total, ofPeer }, bounds);
  };

  test('is none while there is room, however many there are', () => {
    assert.equal(goes(body(10, 9), body(10, 1), body(40, 2)), undefined);
  });

  test('is the oldest of its peer above the share of a peer, not the newest', () => {
    const old = body(30, 1);
    assert.equal(goes(body(10, 9), body(30, 2), old, body(10, 0, { peer: 'b' })), old);
  });

  test('is the oldest of the peer with the most, where all together are too many', () => {
    const old = body(30, 3);
    assert.equal(goes(body(20, 9, { peer: 'b' }), old, body(25, 4), body(30, 1, { peer: 'c' })), old);
  });

  test('is never one that is being served', () => {
    const grown = body(10, 9);
    assert.equal(goes(grown, body(60, 1, { served: true })), grown);
  });
});
