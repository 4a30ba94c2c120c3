import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { answerOf, ask, type SidecarAnswer } from '../../../src/cli/sidecars/answer.ts';
import { standingOf } from '../../../src/cli/sidecars/standing.ts';
import { Truths } from '../../../src/cli/sidecars/truths.ts';
import { digestOf } from '../../../src/watcher/membership/digest.ts';

const seen = (name: string, ready = true) => ({ uid: `uid-${name}`, name, ready });
const slices = { source: 'endpointslices' } as const;

function answer(names: readonly string[], more: Partial<SidecarAnswer> = {}): SidecarAnswer {
  return {
    synced: true,
    stale: false,
    members: names.length,
    revision: 3,
    digest: digestOf(names.map((name) => seen(name))),
    upstreamAgeSeconds: 1,
    reason: undefined,
    message: undefined,
    waiting: null,
    ...more,
  };
}

function truths(...all: string[][]): Truths {
  const made = new Truths();
  for (const [index, names] of all.entries())
    made.note(
      names.map((name) => seen(name)),
      index * 1000,
    );
  return made;
}

describe('the view of a sidecar', () => {
  const history = truths(['a', 'b', 'c'], ['a', 'b'], ['a', 'b', 'd']);

  test('is the same as the truth, in whatever order it was noted', () => {
    const { state, matches, sees } = standingOf(answer(['d', 'a', 'b']), slices, history);
    assert.deepEqual([state, matches, sees], ['same', true, undefined]);
  });

  test('is a past truth: then it is known whom it sees, since when that is not so, and how much it missed', () => {
    const { state, behindSince, missed, sees } = standingOf(answer(['a', 'b', 'c']), slices, history);
    assert.deepEqual([state, behindSince, missed], ['behind', 1000, 2]);
    assert.deepEqual(
      sees,
      ['a', 'b', 'c'].map((name) => seen(name)),
    );
  });

  test('differs where the API never said so, be it by readiness alone', () => {
    assert.equal(standingOf(answer(['a']), slices, history).state, 'differs');
    const digest = digestOf([seen('a'), seen('b'), seen('d', false)]);
    assert.equal(standingOf(answer([], { digest }), slices, history).state, 'differs');
  });

  test('is stale by its own word, whatever it sees', () => {
    const stale = { stale: true, reason: 'disconnected', message: 'nothing came' };
    const now = standingOf(answer(['a', 'b', 'd'], stale), slices, history);
    assert.deepEqual(
      [now.state, now.reason, now.why, now.matches],
      ['stale', 'disconnected', 'nothing came', true],
    );
    const past = standingOf(answer(['a', 'b'], stale), slices, history);
    assert.deepEqual([past.state, past.missed, past.sees?.length], ['stale', 1, 2]);
    assert.equal(standingOf(answer(['x'], stale), slices, history).sees, undefined);
  });

  test('is unsynced before its first list', () => {
    assert.equal(standingOf(answer([], { synced: false, stale: true }), slices, history).state, 'unsynced');
  });

  test('can not be told from DNS, nor without a digest', () => {
    assert.match(
      standingOf(answer(['a', 'b', 'd']), { source: 'dns' }, history).why,
      /no uids .* 3 members, the API 3/,
    );
    const old = standingOf(answer(['a'], { digest: undefined }), slices, history);
    assert.deepEqual(
      [old.state, old.why],
      ['unknown', 'its version has no digest to compare; it has 1 members, the API 3'],
    );
  });
});

test('what an application waits for is part of the view, whatever else that is', () => {
  const waiting = 'the application waits for "3": 1 of 3 members';
  const of = (more: Partial<SidecarAnswer>) => standingOf(answer(['a'], more), slices, truths(['a']));
  assert.deepEqual([of({ waiting }).state, of({ waiting }).waiting], ['same', waiting]);
  assert.equal(of({ waiting, synced: false }).waiting, waiting);
  assert.equal(of({ waiting, stale: true }).waiting, waiting);
  assert.equal(of({}).waiting, null);
  assert.ok(!('waiting' in of({ waiting: undefined })), 'an older sidecar does not say it');
});

describe('the truths of a group', () => {
  test('a truth that returns is the current one, and not the past one of the same digest', () => {
    const back = truths(['a', 'b'], ['a'], ['a', 'b']);
    assert.equal(standingOf(answer(['a', 'b']), slices, back).state, 'same');
    assert.equal(back.current!.at, 2000);
  });

  test('are bounded: the oldest go, and of large groups no names are kept', () => {
    const many = new Truths();
    for (let index = 0; index < 100; index += 1) many.note([seen(`${index}`)], index);
    assert.equal(many.find(digestOf([seen('0')])), undefined);
    assert.equal(many.find(digestOf([seen('99')]))!.later.length, 0);
    const large = new Truths();
    const names = Array.from({ length: 25 }, (_, index) => `${index}`);
    large.note(
      names.map((name) => seen(name)),
      0,
    );
    large.note([seen('a')], 1);
    const { state, sees, missed } = standingOf(answer(names), slices, large);
    assert.deepEqual([state, sees, missed], ['behind', undefined, 1]);
  });
});

describe('the answer of a sidecar', () => {
  const metrics = 'rollcall_members 3\nrollcall_synced 1\nrollcall_stale 0\nrollcall_revision 4\n';

  test('is read from its metrics, those that an older one lacks left out', () => {
    const { members, revision, digest, upstreamAgeSeconds } = answerOf(metrics);
    assert.deepEqual([members, revision, digest, upstreamAgeSeconds], [3, 4, undefined, undefined]);
    assert.equal(answerOf(`${metrics}rollcall_members_digest 281474976710655\n`).digest, 2 ** 48 - 1);
  });

  test('is none where something else answers', () => {
    for (const text of ['', '<html>', 'rollcall_members 3', 'go_gc_duration_seconds 0']) {
      assert.throws(() => answerOf(text), /is not a sidecar of Rollcall/, text);
    }
  });

  test('has the reason asked for where it is stale, and cut where it is long', async () => {
    const asked: string[] = [];
    const cluster = {
      ofPod: async (_pod: object, path: string) => {
        asked.push(path);
        const body =
          path === '/metrics'
            ? { message: metrics.replace('stale 0', 'stale 1') }
            : { reason: 'forbidden', message: 'x'.repeat(9999) };
        return { status: path === '/metrics' ? 200 : 503, body, warnings: [], date: undefined };
      },
    };
    const { reason, message } = await ask(cluster, { namespace: 'shop', pod: 'db-0', port: 17655 });
    assert.deepEqual([reason, message?.length, asked], ['forbidden', 500, ['/metrics', '/readyz']]);
  });

  test('has what the application waits for, asked for while the gate of any group is closed', async () => {
    const place = { namespace: 'shop', pod: 'db-0', port: 17655 };
    const sentence = 'the application waits for "2 ready" of backends: 1 of 2 ready members of backends';
    const heard = async (gates: string, body: object) => {
      const asked: string[] = [];
      const cluster = {
        ofPod: async (_pod: object, path: string) => {
          asked.push(path);
          const metricsSaid = path === '/metrics';
          const said = metricsSaid ? { message: metrics + gates } : body;
          return { status: metricsSaid ? 200 : 503, body: { ...said }, warnings: [], date: undefined };
        },
      };
      const { waiting } = await ask(cluster, place);
      return [waiting, asked];
    };
    const closed = 'rollcall_gate_open 1\nrollcall_gate_open{group="backends"} 0\n';
    assert.deepEqual(await heard(closed, { waiting: sentence }), [sentence, ['/metrics', '/startz']]);
    assert.deepEqual(await heard(closed, {}), [null, ['/metrics', '/startz']], 'it was opened in between');
    assert.deepEqual(await heard('rollcall_gate_open 1\n', {}), [null, ['/metrics']]);
    assert.deepEqual(await heard('', {}), [undefined, ['/metrics']]);
  });
});
