/** What inject and uninject have in common: what they read, how they compare, what they refuse to take. */
import assert from 'node:assert/strict';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { folder, misuse, run, withoutAdvice } from '../run.ts';
import { CONFIG_MAP, CRON_JOB, DEPLOYMENT, STATEFUL_SET } from './manifests.ts';

const kinds = (text: string) => parseAllDocuments(text).map((document) => document.toJS().kind as string);

describe('what it reads', () => {
  test('several files and directories, as one stream', async (t) => {
    const directory = await folder(t, {
      'b.yaml': DEPLOYMENT,
      'a.yml': CONFIG_MAP,
      'c.txt': 'no',
      'd.json': '{"kind":"X"}',
    });
    await mkdir(join(directory, 'deep'));
    await writeFile(join(directory, 'deep', 'e.yaml'), CRON_JOB);
    const flat = await run('inject', ['-f', directory]);
    assert.equal(flat.out, `${CONFIG_MAP}---\n${DEPLOYMENT}---\n{"kind":"X"}`);
    const deep = await run('inject', ['-R', '-f', directory, '-f', '-'], { input: `---\n${DEPLOYMENT}` });
    assert.deepEqual(
      kinds(deep.out).filter((kind) => kind !== 'X'),
      ['ConfigMap', 'Deployment', 'ServiceAccount', 'Role', 'RoleBinding', 'CronJob', 'Deployment'],
    );
  });

  test('a kustomization, by kubectl', async (t) => {
    const directory = await folder(t, {
      kubectl: `#!/bin/sh\n[ "$1 $2" = "kustomize ./overlay" ] && cat "$0.yaml" || { echo no such thing >&2; exit 1; }\n`,
      'kubectl.yaml': CRON_JOB,
    });
    await chmod(join(directory, 'kubectl'), 0o755);
    const env = { PATH: `${directory}:/bin:/usr/bin` };
    const { err } = withoutAdvice(await run('inject', ['-k', './overlay'], { env }));
    assert.equal(err, 'cronjob/tidy in shop: injected\n');
    assert.match(await misuse('inject', ['-k', 'x'], env), /^-k: "x" can't be built; .* no such thing$/);
    assert.match(await misuse('inject', ['-k', 'x'], { PATH: '' }), /^-k: "x" needs kubectl/);
  });

  test('what can not be read is told with the flag and what to give', async () => {
    assert.match(await misuse('inject', []), /^nothing to read; give -f FILE/);
    assert.match(
      await misuse('inject', ['-f', '/nowhere.yaml']),
      /^-f: "\/nowhere.yaml" can't be read \(no such file or directory\); give/,
    );
    assert.match(
      await misuse('inject', ['-f', 'https://example.com/db.yaml']),
      /^-f: "https:\/\/example.com\/db.yaml" is a URL; nothing is fetched here, so give its content by -f -$/,
    );
    assert.match(await misuse('inject', ['-f', '-', '-f', '-']), /^-f: "-" is given twice/);
    assert.match(
      await misuse('inject', ['db.yaml']),
      /^"db.yaml" is not expected: .*; a file is given as -f db.yaml$/,
    );
    assert.match(await misuse('inject', ['-f']), /^-f needs a value; give -f FILE$/);
    assert.match(await misuse('inject', ['-o', 'xml']), /^-o: "xml" is not valid; give yaml or json$/);
    assert.match(
      await misuse('inject', ['--force']),
      /^--force is not a flag of inject; there are --filename [^.]*\.$/,
    );
    assert.match(await misuse('inject', ['--filname', 'x']), /\. Did you mean "--filename"\?$/);
    assert.match(await misuse('inject', ['--all=yes']), /^--all: "yes" is not expected; it takes no value$/);
    assert.match(
      await misuse('inject', ['-f', '-', '--diff', '-o', 'json']),
      /^--diff and --output do not go together/,
    );
  });
});

describe('--diff', () => {
  test('nothing to change is 0, something 1, trouble more', async (t) => {
    const directory = await folder(t, {
      'same.yaml': DEPLOYMENT,
      'db.yaml': STATEFUL_SET,
      'bad.yaml': 'rollcall.dev/inject: [',
    });
    const diff = (file: string) => run('inject', ['--diff', '-f', join(directory, file)]);
    const same = await diff('same.yaml');
    assert.deepEqual([same.out, same.code], ['', 0]);
    const { out, code } = await diff('db.yaml');
    assert.equal(code, 1);
    assert.match(out, /^--- .*db\.yaml\n\+\+\+ .*db\.yaml \(injected\)\n@@ /);
    const removed = out.split('\n').filter((line) => /^-(?!--)/.test(line));
    assert.deepEqual(removed, ["-      serviceAccountName: 'default'"]);
    assert.equal((await diff('bad.yaml')).code, 2);
  });
});
