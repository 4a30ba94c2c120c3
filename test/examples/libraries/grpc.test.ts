/** The resolvers for gRPC with the libraries that they are for, from the registries of their languages. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { before, suite, test } from 'node:test';
import { promisify } from 'node:util';
import type { Member } from '../../../src/watcher/protocol.ts';
import { freePorts } from '../../support/free-ports.ts';
import { delta, scriptedSidecar } from '../../watcher/scripted-sidecar.ts';
import { EXAMPLES, goProgram, HOOK, missing, started, temporaryFolder } from '../programs.ts';

const execute = promisify(execFile);

const clients = {
  go: (folder: string) => [join(folder, 'client')],
  node: (folder: string) => [process.execPath, '--import', HOOK, join(folder, 'node/client.mjs')],
};

suite('grpc', { skip: await missing('go'), timeout: 300_000, concurrency: 2 }, () => {
  const folder = temporaryFolder();
  before(async () => {
    await goProgram('grpc/go', folder, 'client', './client');
    await goProgram('grpc/go', folder, 'server', './server');
    await cp(join(EXAMPLES, 'grpc/node'), join(folder, 'node'), { recursive: true });
    await execute('npm', ['ci', '--ignore-scripts', '--no-audit'], { cwd: join(folder, 'node') });
  });

  for (const [name, command] of Object.entries(clients)) {
    test(`${name}: calls go to the ready members, and follow them without a failure`, async (t) => {
      const ports = await freePorts(3);
      const servers = ports.map((port) => started(t, `server ${port}`, [join(folder, 'server'), `${port}`]));
      for (const server of servers)
        await server.until('listening', () => server.tail().includes('listening'));
      const [a, b, c] = ports.map(member);
      const sidecar = await scriptedSidecar(t);
      const client = started(t, name, command(folder), { ROLLCALL_SOCKET: sidecar.path });
      const stream = await sidecar.next();
      const answered = (...by: (number | undefined)[]) =>
        client.until(`an answer of ${by}`, () => {
          const line = client.output.findLast((one) => one.startsWith('answered'));
          const addresses = by.map((port) => `127.0.0.1:${port}`).sort();
          return line === `answered by ${by.length}: ${addresses.join(' ')}; failed 0`;
        });

      stream.greet([a!, { ...b!, ready: false }, { ...c!, ports: { other: ports[2]! } }]);
      await answered(ports[0]);
      stream.say(delta(2, { changed: [b!, c!] }));
      await answered(...ports);
      // The sidecar goes away: what is known is called on.
      stream.socket.destroy();
      const again = await sidecar.next();
      await answered(...ports);
      again.greet([b!, c!]);
      // A server that was told of as leaving has no calls when it ends.
      await answered(ports[1], ports[2]);
      await servers[0]!.stop();
      await answered(ports[1], ports[2]);
      const failed = client.output.filter((line) => /failed [1-9]/.test(line));
      assert.deepEqual(failed, []);
    });
  }
});

const member = (port: number): Member => ({
  uid: `uid-${port}`,
  name: `server-${port}`,
  namespace: 'default',
  addresses: ['127.0.0.1'],
  ports: { grpc: port },
  ready: true,
  serving: true,
  terminating: false,
});
