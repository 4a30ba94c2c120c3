/** What each folder of `examples/` has to have, and that its manifest is one which the webhook takes as it is. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { promisify } from 'node:util';
import { parseAllDocuments } from 'yaml';
import { MAIN } from '../support/rollcall.ts';
import { EXAMPLES_IMAGE } from './image.ts';
import { EXAMPLES } from './programs.ts';

const folders = (await readdir(EXAMPLES, { withFileTypes: true }))
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);
const index = await readFile(join(EXAMPLES, 'README.md'), 'utf8');
const manifests = folders.flatMap((name) =>
  ['manifest.yaml', 'before.yaml', 'after.yaml', 'scripts.yaml']
    .map((file) => join(EXAMPLES, name, file))
    .filter((file) => existsSync(file)),
);

suite('examples', () => {
  for (const name of folders) {
    test(`${name} has a page of 40 to 100 lines, which the index links, and no link in it is broken`, async () => {
      const page = await readFile(join(EXAMPLES, name, 'README.md'), 'utf8');
      const lines = page.split('\n').length - 1;
      assert.ok(lines >= 40 && lines <= 100, `${lines} lines`);
      assert.ok(index.includes(`(${name}/README.md)`));
      for (const [, target] of page.matchAll(/\]\((?!https?:)([^)#]+)/g)) {
        assert.ok(existsSync(join(EXAMPLES, name, target!)), target);
      }
    });
  }

  test('every manifest is injected without a word of warning, but those that do not ask', async () => {
    const after = manifests.filter((file) => !file.endsWith('before.yaml'));
    const files = after.flatMap((file) => ['--filename', file]);
    const args = [MAIN, 'inject', '--namespace=shop', ...files];
    const { stdout, stderr } = await promisify(execFile)(process.execPath, args);
    // Said of every account that is exchanged; the sidecar's image needs no pull secret here.
    const said = stderr
      .trim()
      .split('\n')
      .filter((line) => !line.includes('imagePullSecrets'));
    const asking = [
      'conf',
      'peers-go',
      'peers-node',
      'peers-python',
      'peers-shell',
      'grpc-client',
      'haproxy',
    ];
    asking.push('java-proxy', 'leader', 'shards', 'store');
    const injected = said.filter((line) => line.endsWith(': injected'));
    assert.deepEqual(injected.map((line) => line.split(/[/:]/)[1]).sort(), asking.sort());
    const others = said.filter(
      (line) => !line.endsWith(': injected') && !line.includes('skipped (not-opted-in)'),
    );
    assert.deepEqual(others, []);
    const pods = parseAllDocuments(stdout).map((document) => document.toJS()?.spec?.template?.spec);
    assert.equal(pods.filter((pod) => pod?.initContainers?.[0]?.name === 'rollcall').length, asking.length);
  });

  test('every container is restricted, and of the one image', async () => {
    for (const file of manifests) {
      for (const document of parseAllDocuments(await readFile(file, 'utf8'))) {
        assert.deepEqual(document.errors, []);
        const pod = document.toJS().spec?.template?.spec;
        for (const container of [...(pod?.initContainers ?? []), ...(pod?.containers ?? [])]) {
          assert.ok([EXAMPLES_IMAGE, 'peer-finder:mine'].includes(container.image), container.image);
          assert.deepEqual(container.securityContext, {
            allowPrivilegeEscalation: false,
            capabilities: { drop: ['ALL'] },
          });
          assert.equal(pod.securityContext.runAsNonRoot, true);
        }
      }
    }
  });
});
