import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { parse } from 'yaml';
import { keys } from '../src/inject/annotations.ts';
import { endpointSlice, podEndpoint, slicePath } from './support/endpoint-slices.ts';
import { eventually } from './support/eventually.ts';
import { kubernetesDouble } from './support/kubernetes-double.ts';
import { startSidecar } from './support/rollcall.ts';

const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
const streamPage = await readFile(new URL('../docs/read-the-stream.md', import.meta.url), 'utf8');

test('.ci/run runs the two commands that the README gives', async () => {
  const script = await readFile(new URL('../.ci/run', import.meta.url), 'utf8');
  for (const command of ['npm ci && npm run demo', 'npm ci && npm test'])
    assert.ok(readme.includes(`\n${command}\n`));
  assert.ok(script.includes("\nrun 'npm ci && npm test'\n"));
  assert.ok(script.includes("\nrun 'npm run demo'\n"));
});

test('every key that the README names is one, and the page that has them all is linked', () => {
  const known = Object.values(keys).map(({ key }) => key);
  const named = [...readme.matchAll(/rollcall\.dev\/[a-z-]+\.?/g)].map(([key]) => key);
  assert.ok(named.length > 1);
  for (const key of named) assert.ok(known.includes(key as never), key);
  assert.ok(readme.includes('(docs/reference.md)'));
});

test('the Node example prints the members as they change', async (t) => {
  await follows(t, process.execPath, ['--input-type=module', '--eval'], block('js'), inLines);
});

for (const [index, module, source] of [
  [1, 'client', 'client.ts'],
  [2, 'watcher', 'watch-group.ts'],
] as const) {
  test(`the example of rollcall/${module} prints the members as they change`, async (t) => {
    const url = new URL(`../src/client/${source}`, import.meta.url).href;
    const example = block('js', index).replace(`'rollcall/${module}'`, `'${url}'`);
    await follows(t, process.execPath, ['--input-type=module', '--eval'], example, {
      before: /'db-0', 'db-1'/,
      after: /left .*db-0.*joined .*db-2/s,
    });
  });
}

test('the Python example prints the members as they change', async (t) => {
  if (spawnSync('python3', ['--version']).status !== 0) return t.skip('python3 is not on this machine');
  await follows(t, 'python3', ['-c'], block('python'), inLines);
});

for (const [language, program, args, silence, shorter] of [
  ['js', process.execPath, ['--input-type=module', '--eval'], '15_000', '500'],
  ['python', 'python3', ['-c'], 'settimeout(15)', 'settimeout(0.5)'],
] as const) {
  test(`the ${language} example connects again after an end, a gap, a wrong heartbeat and silence, and says what is stale`, async (t) => {
    if (spawnSync(program, ['--version']).status !== 0) return t.skip(`${program} is not on this machine`);
    const directory = await mkdtemp(join(tmpdir(), 'rollcall-'));
    const socket = join(directory, 'members.sock');
    const hello = { type: 'hello', protocol: 1, synced: true };
    const snapshot = { type: 'snapshot', revision: 1, stale: false, members: [{ uid: 'u', name: 'db-0' }] };
    const heartbeat = { type: 'heartbeat', revision: 1, stale: false };
    const status = { type: 'status', stale: true, reason: 'disconnected' };
    // A line of a later version.
    const later = { type: 'forecast', stale: 'perhaps', members: 7, left: 'nobody' };
    const delta = { type: 'delta', left: [], joined: [{ uid: 'v', name: 'db-1' }], changed: [] };
    // What each connection hears. `end` closes it, in the middle of a line; otherwise it is for the reader to leave.
    const scripts = [
      { lines: [hello, snapshot], end: '{"type":"del' },
      { lines: [hello, snapshot, heartbeat, { ...delta, revision: 3 }] },
      { lines: [hello, snapshot, { ...heartbeat, revision: 2 }] },
      { lines: [hello, { ...heartbeat, revision: 0 }, snapshot] },
      { lines: [hello, { ...delta, revision: 1 }] },
      {
        lines: [
          hello,
          later,
          snapshot,
          status,
          later,
          { ...delta, revision: 2 },
          { ...heartbeat, revision: 2 },
        ],
      },
    ];
    const left: number[] = [];
    let connections = 0;
    const server = createServer((client) => {
      const index = connections++;
      const { lines, end } = scripts[Math.min(index, scripts.length - 1)]! as {
        lines: object[];
        end?: string;
      };
      client.on('error', () => {}).on('close', () => left.push(index));
      client.resume().write(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
      if (end !== undefined) client.end(end);
    });
    await new Promise<void>((resolve) => server.listen(socket, resolve));
    const text = block(language).replaceAll('/run/rollcall/members.sock', socket).replace(silence, shorter);
    assert.ok(text.includes(shorter));
    const child = spawn(program, [...args, text], { stdio: ['ignore', 'pipe', 'ignore'], env: asInAPod });
    t.after(async () => {
      child.kill();
      server.close();
      await rm(directory, { recursive: true });
    });
    let output = '';
    child.stdout.on('data', (data) => {
      output += data;
    });
    await eventually('the last connection', () => /heartbeat fresh .*db-0.*db-1/.test(output), {
      timeoutMs: 15_000,
      everyMs: 20,
    });
    assert.deepEqual(left.slice(0, 5), [0, 1, 2, 3, 4]);
    assert.equal([...output.matchAll(/^delta/gm)].length, 1, 'a change behind a gap is not taken');
    const told = output.trim().split('\n');
    const [first, ...greetings] = told.filter((line) => line.startsWith('hello'));
    assert.match(first!, /^hello stale( \[\])?$/, 'nothing is known at first');
    for (const line of greetings) assert.match(line, /^hello stale .*db-0/, 'what is known stays, as stale');
    const last = told.slice(told.lastIndexOf(greetings.at(-1)!)).map((line) => line.split(' ', 2).join(' '));
    assert.deepEqual(last.slice(0, 7), [
      'hello stale',
      'forecast stale',
      'snapshot fresh',
      'status stale',
      'forecast stale',
      'delta stale',
      'heartbeat fresh',
    ]);
  });
}

/** Without this variable, which some machines have, Python keeps what it prints in a buffer, as in a container. */
const { PYTHONUNBUFFERED: _, ...asInAPod } = process.env;

/** What the examples that read lines themselves print. */
const inLines = { before: /snapshot.*db-0.*db-1/, after: /delta (?!.*db-0).*db-1.*db-2/ };

/** Runs an example of docs/read-the-stream.md against a real sidecar: db-0 and db-1 first, then db-1 and db-2. */
async function follows(
  t: TestContext,
  program: string,
  args: string[],
  text: string,
  printed: { before: RegExp; after: RegExp },
): Promise<void> {
  const api = await kubernetesDouble(t);
  const group = (...names: string[]) =>
    endpointSlice({
      namespace: 'default',
      service: 'db',
      name: 'db-a',
      endpoints: names.map((name, index) => podEndpoint({ name, uid: `uid-${name}`, ip: `10.0.0.${index}` })),
    });
  api.create(slicePath('default'), group('db-0', 'db-1'));
  const { socket, process: sidecar } = await startSidecar(t, {
    server: api.url,
    namespace: 'default',
    service: 'db',
  });
  await sidecar.logged(/^synced$/);
  const example = text
    .replaceAll('/run/rollcall/members.sock', socket)
    .replace("'https://10.0.0.1:6443'", `'${api.url}'`)
    .replace(", tokenFile: 'token', caFile: 'ca.crt'", '');
  const child = spawn(program, [...args, example], { stdio: ['ignore', 'pipe', 'inherit'], env: asInAPod });
  t.after(() => child.kill());
  let output = '';
  child.stdout.on('data', (data) => {
    output += data;
  });
  await eventually('the first two', () => printed.before.test(output), {
    timeoutMs: 10_000,
    everyMs: 20,
  });
  api.replace(slicePath('default', 'db-a'), group('db-1', 'db-2'));
  await eventually('the next two', () => printed.after.test(output), {
    timeoutMs: 10_000,
    everyMs: 20,
  });
}

/** The example in a language, by its place in docs/read-the-stream.md. */
function block(language: string, index = 0, page = streamPage): string {
  const found = [...page.matchAll(new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``, 'g'))][index]?.[1];
  assert.ok(found, `example ${index + 1} in ${language}`);
  return found;
}

test('the manifest of the README asks with the keys that are read', () => {
  const manifest = parse(block('yaml', 0, readme)) as {
    spec: { template: { metadata: { annotations: object } } };
  };
  assert.deepEqual(manifest.spec.template.metadata.annotations, {
    [keys.inject.key]: 'true',
    [keys.service.key]: 'db',
  });
});
