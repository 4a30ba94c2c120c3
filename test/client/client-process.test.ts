import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { type TestContext, test } from 'node:test';
import { soon } from '../support/eventually.ts';
import { delta, hello, scriptedSidecar } from '../watcher/scripted-sidecar.ts';
import { member } from '../watcher/scripted-source.ts';

const CLIENT = new URL('../../src/client/client.ts', import.meta.url).href;

/** A process that imports the client and runs `script`, where `path` is the socket's. */
function run(t: TestContext, path: string, script: string) {
  const program = `import { connect } from '${CLIENT}'; const path = ${JSON.stringify(path)}; ${script}`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program]);
  t.after(() => child.kill('SIGKILL'));
  const told = { output: '', errors: '' };
  child.stdout.on('data', (data) => {
    told.output += data;
  });
  child.stderr.on('data', (data) => {
    told.errors += data;
  });
  const ended = new Promise<number | null>((resolve) => child.on('exit', resolve));
  return { child, told, ended };
}

test('a group keeps the process running, unless it is asked not to', async (t) => {
  const sidecar = await scriptedSidecar(t);
  const script = (options: string) =>
    `connect(path, ${options}).on('change', () => console.log('known')).on('disconnect', () => console.log('gone'))`;
  const kept = run(t, sidecar.path, `${script('{}')};`);
  const first = (await sidecar.next()).greet([]);
  await soon('the change', () => kept.told.output === 'known\n');
  first.socket.destroy();
  await soon('the end', () => kept.told.output === 'known\ngone\n');
  await sidecar.next();
  assert.equal(kept.child.exitCode, null);

  // Standard input keeps these running until the test ends it.
  const loose = run(t, sidecar.path, `${script('{ unref: true }')}; process.stdin.resume();`);
  (await sidecar.next()).greet([]);
  await soon('the change', () => loose.told.output === 'known\n');
  loose.child.stdin.end();
  assert.equal(await loose.ended, 0, loose.told.errors);
  assert.equal(loose.told.output, 'known\n', 'it did not wait for the connection to end');

  const absent = run(t, `${sidecar.path}.not`, `${script('{ unref: true }')}; process.stdin.resume();`);
  await soon('a failure', () => /^gone\n/.test(absent.told.output));
  absent.child.stdin.end();
  assert.equal(await absent.ended, 0, absent.told.errors);
});

test('a listener that throws is heard of, and the group goes on', async (t) => {
  const sidecar = await scriptedSidecar(t);
  const { told } = run(
    t,
    sidecar.path,
    `process.on('uncaughtException', (error) => console.log('uncaught', error.message));
     const group = connect(path).on('change', ({ revision }) => {
       console.log('revision', revision);
       if (revision === 2) throw new Error('mine');
     });
     for await (const { joined } of group) console.log('joined', joined.length);`,
  );
  const connection = (await sidecar.next()).say(hello(), {
    type: 'snapshot',
    epoch: 'e1',
    revision: 1,
    stale: false,
    members: [],
  });
  await soon('the snapshot', () => /joined 0/.test(told.output));
  connection.say(delta(2, { joined: [member('a')] }), delta(3, { joined: [member('b')] }));
  await soon('both', () => /joined 2/.test(told.output));
  assert.match(told.output, /revision 2\nrevision 3\n/);
  assert.match(told.output, /uncaught mine\n/);
  assert.equal(sidecar.connections.length, 1);
});

test('a protocol that nobody hears of ends the process, with what to do', async (t) => {
  const sidecar = await scriptedSidecar(t);
  const { ended, told } = run(t, sidecar.path, 'connect(path);');
  (await sidecar.next()).say(hello({ protocol: 2 }));
  assert.equal(await ended, 1);
  assert.match(told.errors, /the sidecar speaks protocol 2.*use the version of rollcall\/client/);
});
