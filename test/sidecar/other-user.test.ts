/** The sidecar as a user that /etc/passwd does not know, as on OpenShift, beside an application that is another one. */
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { chmod, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { endpointSlice, podEndpoint, slicePath } from '../support/endpoint-slices.ts';
import { eventually } from '../support/eventually.ts';
import { kubernetesDouble } from '../support/kubernetes-double.ts';
import { Rollcall } from '../support/rollcall.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const quickly = { timeoutMs: 15_000, everyMs: 20 };
/** A user of a range of OpenShift, whose containers are all of the group root. */
const GIVEN = 1_000_650_000;
const APPLICATION = 1001;

/** Returns the command that runs what follows as this user, without rights. */
const as = (uid: number, gid: number) => [
  'setpriv',
  `--reuid=${uid}`,
  `--regid=${gid}`,
  '--clear-groups',
  '--no-new-privs',
  '--inh-caps=-all',
  '--bounding-set=-all',
];

/** Why this machine can't run a program as another user, for `skip`. */
function unable(): string | false {
  if (process.getuid?.() !== 0) return 'only root may run a program as another user';
  const [command, ...args] = [...as(GIVEN, 0), process.execPath, '--version'];
  return spawnSync(command!, args).status === 0 ? false : 'setpriv can not run Node as another user';
}

test('a user without a name writes what another may read, and runs commands', {
  skip: unable(),
}, async (t) => {
  const api = await kubernetesDouble(t);
  const endpoints = [podEndpoint({ name: 'db-0', uid: 'uid-db-0', ip: '10.0.0.1' })];
  api.create(
    slicePath('default'),
    endpointSlice({ namespace: 'default', service: 'db', name: 'db-a', endpoints }),
  );
  const directory = await temporaryFolder(t);
  // The kubelet makes an emptyDir with this mode.
  await chmod(directory, 0o777);
  const hook = join(directory, 'hook.sh');
  await writeFile(hook, `#!/bin/sh\nid -u > ${directory}/ran\ncat >> ${directory}/ran\n`, { mode: 0o755 });
  const flags = {
    server: api.url,
    namespace: 'default',
    service: 'db',
    directory,
    port: 0,
    file: 'cluster.conf={ipv4}',
    'on-start': hook,
  };
  const sidecar = new Rollcall('sidecar', flags, { launcher: as(GIVEN, 0) });
  t.after(() => sidecar.kill());
  await eventually(
    'the command',
    async () => (await readFile(join(directory, 'ran'), 'utf8')).includes('db-0'),
    quickly,
  );
  assert.match(await readFile(join(directory, 'ran'), 'utf8'), new RegExp(`^${GIVEN}\n`));

  const asApplication = async (...command: string[]) => {
    const [program, ...args] = [...as(APPLICATION, APPLICATION), ...command];
    return (await promisify(execFile)(program!, args)).stdout;
  };
  await eventually('the files', () => stat(join(directory, 'cluster.conf')), quickly);
  assert.equal(await asApplication('cat', join(directory, 'cluster.conf')), '10.0.0.1\n');
  assert.match(await asApplication('cat', join(directory, 'members.json')), /"db-0"/);
  const first = `let text = '';
    require('node:net').connect(process.argv[1]).on('data', (data) => {
      text += data;
      if (text.includes('"snapshot"')) console.log(text), process.exit();
    });`;
  const line = await asApplication(process.execPath, '--eval', first, join(directory, 'members.sock'));
  assert.match(line, /"db-0"/);
  assert.equal((await stat(join(directory, 'members.sock'))).uid, GIVEN);
});
