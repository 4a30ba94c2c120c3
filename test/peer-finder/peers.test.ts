/** Where the peers come from, who of them this pod is, and what it says of them in a hosts file. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { aliases, HostsFile, withAliases } from '../../src/peer-finder/hosts-file.ts';
import { apiElseDns } from '../../src/peer-finder/peers.ts';
import { hostVariables, isHost } from '../../src/peer-finder/self.ts';
import { Waiting } from '../../src/peer-finder/waiting.ts';
import { systemClock } from '../../src/watcher/clock.ts';
import { peerName } from '../../src/watcher/outputs/hooks.ts';
import { run } from '../../src/watcher/outputs/run-command.ts';
import type { Member } from '../../src/watcher/protocol.ts';
import type { SourceEvent } from '../../src/watcher/source.ts';
import { Watch } from '../../src/watcher/watch.ts';
import { eventually } from '../support/eventually.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { RecordedLog } from '../watcher/recorded-log.ts';
import { member, scripted, watchOf } from '../watcher/scripted-source.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const host = { names: ['db-0'], addresses: ['203.0.113.1', '2001:db8::1'] };

describe('whose turn it is', () => {
  /** Feeds the API's events, a second apart, and tells whose events came out. */
  async function heard(said: SourceEvent[]) {
    const clock = new FakeClock();
    async function* api(): AsyncGenerator<SourceEvent, never> {
      for (const event of said) {
        yield event;
        await clock.advance(1000);
      }
      return await new Promise<never>(() => {});
    }
    const dns = scripted();
    dns.push({ type: 'replace', parts: new Map() });
    const log = new RecordedLog();
    const sources = [
      { name: 'endpointslices', events: api } as const,
      { name: 'dns', ...dns } as const,
    ] as const;
    const events = apiElseDns(...sources, clock, log).events();
    const out: string[] = [];
    for (let count = 0; count < said.length; count += 1) out.push((await events.next()).value.type);
    return out;
  }

  const tick: SourceEvent = { type: 'tick' };
  const evidence: SourceEvent = { type: 'evidence' };
  const list: SourceEvent = { type: 'replace', parts: new Map() };
  const failure = (reason: 'forbidden' | 'disconnected'): SourceEvent => ({
    type: 'failure',
    reason,
    message: 'no',
  });

  test('an API that refuses this account is left at once', async () => {
    assert.deepEqual(await heard([evidence, failure('forbidden')]), ['evidence', 'replace']);
  });

  test('one that says nothing for 5 s is left', async () => {
    assert.deepEqual(await heard([tick, tick, tick, tick, tick, tick]), [
      'tick',
      'tick',
      'tick',
      'tick',
      'tick',
      'replace',
    ]);
  });

  test('one that answers with errors for 5 s is left, one that sends its list slowly is not', async () => {
    const failing = [failure('disconnected'), evidence, evidence, evidence, evidence, evidence];
    assert.equal((await heard(failing)).at(-1), 'replace');
    const slow = Array.from({ length: 20 }, () => evidence);
    assert.deepEqual(
      await heard(slow),
      slow.map(() => 'evidence'),
    );
  });

  test('after its first list it is never left', async () => {
    assert.deepEqual(await heard([list, failure('forbidden'), tick]), ['replace', 'failure', 'tick']);
  });
});

test('a pod knows itself by its name, and by its address only where a member has no name', () => {
  const others = { name: 'db-1', addresses: ['203.0.113.1'] };
  assert.ok(isHost(host, member('a', { name: 'db-0', addresses: [] })));
  assert.ok(isHost(host, member('a', { name: 'x', hostname: 'db-0.db.shop.svc.cluster.local' })));
  assert.ok(!isHost(host, member('a', { ...others, hostname: 'db-1.db.shop.svc.cluster.local' })));
  assert.ok(isHost(host, member('a', { name: '203.0.113.1', addresses: ['203.0.113.1'] })));
  assert.ok(isHost(host, member('a', { ...others, hostname: '203-0-113-1.db.shop.svc.cluster.local' })));
  assert.ok(
    isHost(host, member('a', { name: 'x', hostname: '2001-db8--1.db.shop', addresses: ['2001:db8::1'] })),
  );
});

test('scripts are told their own line among the peers, and an address', () => {
  const self = member('a', { hostname: 'db-0.db.shop', addresses: host.addresses });
  const told = (type: 'DNS' | 'IP' | 'IPv6', podIp?: string) =>
    Object.values(hostVariables(self, peerName(type), type, podIp));
  assert.deepEqual(told('DNS', '192.0.2.9'), ['db-0.db.shop', 'DNS', '192.0.2.9', 'IPv4']);
  assert.deepEqual(told('DNS', 'nonsense'), ['db-0.db.shop', 'DNS', '203.0.113.1', 'IPv4']);
  assert.deepEqual(told('IP', '192.0.2.9'), ['203.0.113.1', 'IPv4', '203.0.113.1', 'IPv4']);
  assert.deepEqual(told('IPv6'), ['2001:db8::1', 'IPv6', '2001:db8::1', 'IPv6']);
  assert.deepEqual(hostVariables(undefined, peerName('IP'), 'IP', undefined), {});
});

/** Writes a hosts file with more lines than there is room for, then one that fits. */
const CRAMPED = `
import { readFileSync } from 'node:fs';
import { HostsFile } from './src/peer-finder/hosts-file.ts';
import { systemClock } from './src/watcher/clock.ts';
const path = process.argv[1];
const said = [];
const file = new HostsFile(path, 'IP', systemClock, { error: (_message, fields) => said.push(fields) });
const view = (names) => ({ members: new Map(names.map((name) => [name, { name, addresses: ['203.0.113.1'] }])) });
const written = async (names) => {
  file.synced(view(names));
  await file.settled();
  return readFileSync(path, 'latin1');
};
const after = await written(Array.from({ length: 1000 }, (_, index) => 'db-' + index));
const later = await written(['db-1']);
console.log(JSON.stringify({ said, after, later }));
`;

describe('the hosts file', () => {
  const pods = (...names: string[]) =>
    new Map(names.map((name, index) => [name, member(name, { addresses: [`203.0.113.${index + 1}`] })]));

  test('keeps what stands before the mark, and takes over what peer-finder wrote', () => {
    const section = aliases(pods('db-0', 'db-1'), 'DNS');
    assert.equal(section, '# peer-finder-managed-aliases:\n203.0.113.1 db-0\n203.0.113.2 db-1\n');
    const kept = '127.0.0.1\tlocalhost\n';
    assert.equal(withAliases('', section), section);
    assert.equal(withAliases(kept.trim(), section), kept + section);
    assert.equal(withAliases(kept + section, section), kept + section);
    assert.equal(
      withAliases(`${kept}# peer-finder-managed-aliases:1f0c\n203.0.113.9 old\n`, section),
      kept + section,
    );
  });

  test('is the same file afterwards, and shrinks', async (t) => {
    const directory = await temporaryFolder(t);
    const path = join(directory, 'hosts');
    await writeFile(path, `# own\n${aliases(pods('db-0', 'db-1', 'db-2'), 'IP')}`);
    const { ino } = await stat(path);
    const log = new RecordedLog();
    const file = new HostsFile(path, 'IP', systemClock, log);
    const watch = new Watch({ source: { name: 'pods', ...scripted() }, group: { namespace: 'shop' } });
    Object.assign(watch, { members: pods('db-0') });
    file.synced(watch);
    await file.settled();
    assert.equal(await readFile(path, 'utf8'), `# own\n${aliases(pods('db-0'), 'IP')}`);
    assert.equal((await stat(path)).ino, ino, 'a mount in a container can not be renamed over');
  });

  test('that has no room for all lines stays as it was, byte for byte, and what to do is told', async (t) => {
    const directory = await temporaryFolder(t);
    const path = join(directory, 'hosts');
    const kept = Buffer.from([
      ...Buffer.from('# caf\xe9\n', 'latin1'),
      ...Buffer.from('127.0.0.1 localhost\n'),
    ]);
    await writeFile(path, kept);
    // A limit on the length of files lets a write take a part, as a full disk does: 1,000 lines are 20 kB.
    const script = 'ulimit -f 8; exec "$0" --input-type=module -e "$1" "$2"';
    const argv = ['-c', script, process.execPath, CRAMPED, path];
    const { stdout } = await promisify(execFile)('/bin/sh', argv, { cwd: ROOT });
    const advice = 'make room on its volume, or give another -hosts-file';
    assert.deepEqual(JSON.parse(stdout), {
      said: [{ file: path, error: 'EFBIG: file too large, write', advice }],
      after: kept.toString('latin1'),
      later: `${kept.toString('latin1')}# peer-finder-managed-aliases:\n203.0.113.1 db-1\n`,
    });
  });
});

test('the hosts file is written for a change of its lines, at a pace, and checked at every heartbeat', async (t) => {
  const directory = await temporaryFolder(t);
  const path = join(directory, 'hosts');
  await writeFile(path, '');
  const clock = new FakeClock();
  const source = scripted();
  const file = new HostsFile(path, 'IP', clock, new RecordedLog());
  const watch = watchOf(source, clock, file);
  let looks = 0;
  const seen = new Proxy(watch.members, {
    get(target, key) {
      if (key === 'values') looks += 1;
      const found = Reflect.get(target, key);
      return typeof found === 'function' ? found.bind(target) : found;
    },
  });
  Object.assign(watch, { members: seen });
  const one = (more: Partial<Member> = {}) => [member('a', { addresses: ['203.0.113.1'], ...more })];
  /** Lets time go by until what was asked for is written: the test's clock does not know when that is. */
  const written = async () => {
    await clock.advance(30);
    let done = false;
    void file.settled().then(() => {
      done = true;
    });
    await eventually('a write', async () => {
      await clock.advance(100);
      return done;
    });
  };
  const told = async (members: Member[]) => {
    looks = 0;
    source.push({ type: 'set', key: 's', members });
    await written();
    return looks;
  };
  source.push({ type: 'replace', parts: new Map([['s', one()]]) });
  await written();
  assert.equal(await readFile(path, 'utf8'), '# peer-finder-managed-aliases:\n203.0.113.1 a\n');
  assert.equal(await told(one({ ready: false })), 0, 'who is ready stands in no line');
  assert.equal(await told(one({ addresses: ['203.0.113.9'] })), 1);
  const both = [...one({ addresses: ['203.0.113.9'] }), member('b', { addresses: ['203.0.113.2'] })];
  assert.equal(await told(both), 1, 'one that joins');
  assert.match(await readFile(path, 'utf8'), /\n203\.0\.113\.2 b\n/);
  assert.equal(await told(one({ addresses: ['203.0.113.9'] })), 1, 'one that leaves');
  await writeFile(path, '# from the kubelet\n');
  await clock.advance(5000);
  source.push({ type: 'tick' });
  await written();
  assert.match(await readFile(path, 'utf8'), /^# from the kubelet\n.*\n203\.0\.113\.9 a\n$/);
});

test('a pod that is not among its peers is told why after 10 s, then once a minute', () => {
  const log = new RecordedLog();
  const waiting = new Waiting({ namespace: 'shop', service: 'db' }, host, log);
  const watch = new Watch({ source: { name: 'dns', ...scripted() }, group: { namespace: 'shop' } });
  const beats = (count: number) => {
    for (let beat = 0; beat < count; beat += 1) waiting.heartbeat(undefined, watch);
    return log.entries.length;
  };
  assert.deepEqual([beats(1), beats(1), beats(11), beats(1)], [0, 1, 1, 2]);
  assert.match(String(log.entries[0]?.fields.advice), /publishNotReadyAddresses: true/);
  assert.deepEqual(log.entries[0]?.fields.names, host.names);
  Object.assign(watch, { members: new Map([['a', member('a', { self: true })]]) });
  assert.equal(beats(50), 2);
});

test('a script without a timeout may run for longer than a timer can wait', async () => {
  const clock = new FakeClock();
  const options = { stdin: '', clock, environment: process.env, line: () => {} };
  const long = run(['sleep', '5'], { ...options, timeoutMs: Number.POSITIVE_INFINITY });
  await clock.advance(100 * 86_400_000);
  long.signal('SIGTERM');
  assert.deepEqual(await long.ended, { status: 143, timedOut: false, lastError: '' });
});
