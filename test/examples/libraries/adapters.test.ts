/** The adapters in Java with the libraries that they are for, from Maven Central. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Member } from '../../../src/watcher/protocol.ts';
import { freePorts } from '../../support/free-ports.ts';
import { EXAMPLES, javaClasses, missing, temporaryFolder } from '../programs.ts';

const execute = promisify(execFile);
const ADAPTERS = join(EXAMPLES, 'adapters');
const TRIALS = fileURLToPath(new URL('java', import.meta.url));

/** Returns a snapshot as the sidecar writes it. */
const snapshot = (ports: number[]) => {
  const members = ports.map(
    (port): Member => ({
      uid: `uid-${port}`,
      name: `pod-${port}`,
      namespace: 'default',
      addresses: ['127.0.0.1'],
      ports: { jgroups: port, hazelcast: port },
      ready: false,
      serving: false,
      terminating: false,
    }),
  );
  return JSON.stringify({ type: 'snapshot', epoch: 'e1', revision: 1, stale: false, later: [{}], members });
};

suite('adapters in Java', { skip: await missing('java', 'maven'), timeout: 300_000 }, () => {
  const folder = temporaryFolder();
  let classPath: string;

  before(async () => {
    const libraries = join(folder, 'libraries');
    const goal = [
      '--quiet',
      '--batch-mode',
      'dependency:copy-dependencies',
      `-DoutputDirectory=${libraries}`,
    ];
    await execute('mvn', goal, { cwd: ADAPTERS });
    const sources: string[] = [];
    for (const adapter of ['pekko', 'jgroups', 'hazelcast']) {
      const files = await readdir(join(ADAPTERS, adapter, 'rollcall'));
      sources.push(...files.map((file) => join(ADAPTERS, adapter, 'rollcall', file)));
    }
    const trials = (await readdir(TRIALS)).map((file) => join(TRIALS, file));
    classPath = await javaClasses(folder, [...sources, ...trials], [`${libraries}/*`]);
    await cp(join(ADAPTERS, 'hazelcast/META-INF'), join(folder, 'META-INF'), { recursive: true });
  });

  const trial = async (name: string, members: (ports: number[]) => number[]) => {
    const ports = await freePorts(2);
    const file = join(folder, `${name}-${ports[0]}.json`);
    await writeFile(file, snapshot(members(ports)));
    const args = ['-cp', classPath, '-Djava.net.preferIPv4Stack=true', name, file, ...ports.map(String)];
    const { stdout } = await execute('java', args, { timeout: 120_000 });
    return { said: stdout.split('\n').filter((line) => /^(size|found|failed)/.test(line)), ports };
  };
  const both = (ports: number[]) => ports;
  const second = ([, port]: number[]) => [port!];

  test('Pekko: a lookup fails while nothing is known, then has all members, and keeps them', async () => {
    const { said, ports } = await trial('PekkoTrial', both);
    const found = `found ${ports.map((port) => `127.0.0.1:${port}`).join(' ')}`;
    assert.deepEqual(said, ['failed: the group is not known yet', found, found]);
  });

  for (const name of ['JGroups', 'Hazelcast']) {
    test(`${name}: two members find each other by the file, and by nothing else`, async () => {
      assert.deepEqual((await trial(`${name}Trial`, both)).said, ['size 2']);
      assert.deepEqual((await trial(`${name}Trial`, second)).said, ['size 1']);
    });
  }
});
