/** The cost of a change, counted in looks and steps: it does not depend on the number of members. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { HostsFile } from '../../src/peer-finder/hosts-file.ts';
import { silent } from '../../src/watcher/log.ts';
import { Labelled } from '../../src/watcher/membership/labelled.ts';
import { Union } from '../../src/watcher/membership/union.ts';
import { Gate } from '../../src/watcher/outputs/gate.ts';
import { Hooks } from '../../src/watcher/outputs/hooks.ts';
import { HttpNotifier } from '../../src/watcher/outputs/http-notifier.ts';
import { MembersFile } from '../../src/watcher/outputs/members-file.ts';
import { Readers } from '../../src/watcher/outputs/readers.ts';
import { TemplateFile } from '../../src/watcher/outputs/template-file.ts';
import { UdpNotifier } from '../../src/watcher/outputs/udp-notifier.ts';
import type { Member } from '../../src/watcher/protocol.ts';
import { parseTemplate } from '../../src/watcher/texts/template.ts';
import { parseWaitCondition } from '../../src/watcher/texts/wait-condition.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { byIteration, byIterationOf } from './counted-steps.ts';
import { member, scripted, watchOf } from './scripted-source.ts';

const SLICE = 100;

/** A slice of a group, whose members count how often somebody looks at who they are. */
function slice(index: number, looks: { count: number }, ready: (at: number) => boolean): Member[] {
  return Array.from({ length: SLICE }, (_, at) => {
    const uid = `u${index * SLICE + at}`;
    const one = member(uid, { addresses: [`10.0.${index}.${at}`], ready: ready(at) });
    return Object.defineProperty(one, 'uid', {
      enumerable: true,
      get() {
        looks.count += 1;
        return uid;
      },
    });
  });
}

/** The work of one event in a group of so many slices. */
function work(slices: number, act: (union: Union, slice: (index: number) => Member[]) => void) {
  const looks = { count: 0 };
  const all = (index: number) => slice(index, looks, () => true);
  const union = new Union();
  union.apply({
    type: 'replace',
    parts: new Map(Array.from({ length: slices }, (_, index) => [`s${index}`, all(index)])),
  });
  union.change();
  looks.count = 0;
  const steps = byIteration(() => act(union, all));
  return { looks: looks.count, steps };
}

const EVENTS: Record<string, (union: Union, slice: (index: number) => Member[]) => void> = {
  'somebody is not ready any more': (union, slice) => {
    const [first, ...others] = slice(0);
    union.apply({ type: 'set', key: 's0', members: [{ ...first!, ready: false }, ...others] });
    assert.equal(union.change()?.changed.length, 1);
  },
  'somebody leaves, and somebody comes': (union, slice) => {
    union.apply({ type: 'set', key: 's0', members: [...slice(0).slice(1), member('new')] });
    const change = union.change();
    assert.deepEqual([change?.left.length, change?.joined.length], [1, 1]);
  },
  'somebody stands in another slice too, then only there': (union, slice) => {
    const moved = slice(0)[0]!;
    union.apply({ type: 'set', key: 'z', members: [{ ...moved, addresses: ['fd00::1'] }] });
    assert.deepEqual(union.change()?.changed[0]?.addresses, ['10.0.0.0', 'fd00::1']);
    union.apply({ type: 'set', key: 's0', members: slice(0).slice(1) });
    assert.deepEqual(union.change()?.changed[0]?.addresses, ['fd00::1']);
  },
  'a slice goes': (union) => {
    union.apply({ type: 'delete', key: 's0' });
    assert.equal(union.change()?.left.length, SLICE);
  },
};

for (const [name, act] of Object.entries(EVENTS)) {
  test(`${name}: the same work among 200 members and 10,000`, () => {
    const [few, many] = [work(2, act), work(100, act)];
    assert.ok(many.looks + many.steps > 0, 'something is counted');
    assert.deepEqual(many, few);
  });
}

test('the label of a pod changes, and a pod is deleted: the same work among 200 members and 10,000', () => {
  const work = (slices: number) => {
    const looks = { count: 0 };
    const parts = Array.from(
      { length: slices },
      (_, at) => [`s${at}`, slice(at, looks, () => true)] as const,
    );
    const labelled = new Labelled();
    labelled.replace(new Map(parts));
    const pod = (role: string) => ({ uid: 'u0', facts: { labels: { role } } });
    labelled.setPod('p', pod('primary'));
    looks.count = 0;
    const steps = byIteration(() => {
      const [told] = labelled.setPod('p', pod('replica'));
      assert.deepEqual(told?.type === 'set' && told.members[0]?.labels, { role: 'replica' });
      assert.equal(labelled.setPod('p', undefined).length, 1);
    });
    return { looks: looks.count, steps };
  };
  const [few, many] = [work(2), work(100)];
  assert.ok(many.looks + many.steps > 0, 'something is counted');
  assert.deepEqual(many, few);
});

/** Nobody answers at their ports; how often a receiver that answers is told is a test of the pace. */
function notifiers(clock: FakeClock, t: TestContext) {
  const http = new HttpNotifier(new URL('http://127.0.0.1:9/'), clock, silent);
  const udp = new UdpNotifier(new URL('udp://127.0.0.1:9'), silent);
  t.after(() => {
    http.close();
    udp.close();
  });
  return [http, udp];
}

test('a change that is told to every kind of output walks past nobody else', async (t) => {
  const directory = await temporaryFolder(t);
  const steps = async (slices: number) => {
    const looks = { count: 0 };
    const clock = new FakeClock();
    const source = scripted();
    const written: string[] = [];
    const write = async (_path: string, text: string | Iterable<string>) =>
      void written.push([...text].join(''));
    const gate = {
      condition: parseWaitCondition('1'),
      timeoutMs: 1,
      onTimeout: 'continue',
      marker: join(directory, `${slices}`),
    } as const;
    const watch = watchOf(
      source,
      clock,
      new MembersFile('', clock, silent, write),
      new TemplateFile('', parseTemplate('peers={name}'), clock, silent, write),
      new Hooks({ onChange: ['true'], needsSelf: true }, clock, silent),
      new Gate(gate, clock, silent),
      new HostsFile(join(directory, 'hosts'), 'IP', clock, silent),
      ...notifiers(clock, t),
    );
    const readers = new Readers(watch, clock, silent);
    watch.add(readers);
    const lines: string[] = [];
    const pipe = { destroyed: false, write: (line: unknown) => lines.push(`${line}`) > 0 };
    readers.add({ ...pipe, on() {}, end() {}, destroy() {} });
    const parts = Array.from(
      { length: slices },
      (_, at) => [`s${at}`, slice(at, looks, () => true)] as const,
    );
    source.push({ type: 'replace', parts: new Map(parts) });
    await clock.advance(5000);
    assert.equal(written.length, 2);
    looks.count = 0;
    const [first, ...others] = slice(0, looks, () => true);
    const walked = await byIterationOf(async () => {
      source.push({ type: 'set', key: 's0', members: [{ ...first!, ready: false }, ...others] });
      await settle();
    });
    assert.match(lines.at(-1)!, /"type":"delta".*"uid":"u0"/);
    return looks.count + walked;
  };
  const [few, many] = [await steps(10), await steps(100)];
  assert.ok(Math.abs(many - few) < SLICE, `${few} steps among 1,000 members, ${many} among 10,000`);
});
