/** docs/testing.md keeps its word: its programs and commands run, and what can not be run here is looked at. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { parse, stringify } from 'yaml';
import { BLOCKS, FROM_SOURCES, PAGE, project } from './page.ts';

const run = promisify(execFile);
const repository = new URL('../../', import.meta.url);

/** The manifest that the page is about. */
const DB = stringify({
  apiVersion: 'apps/v1',
  kind: 'StatefulSet',
  metadata: { name: 'db' },
  spec: {
    serviceName: 'db',
    selector: { matchLabels: { app: 'db' } },
    template: {
      metadata: {
        labels: { app: 'db' },
        annotations: { 'rollcall.dev/inject': 'true', 'rollcall.dev/service': 'db' },
      },
      spec: { containers: [{ name: 'db', image: 'db' }] },
    },
  },
});

test('the programs of the page pass', async (t) => {
  const { directory, env } = await project(t);
  await writeFile(join(directory, 'db.yaml'), DB);
  const programs = BLOCKS.filter(({ language }) => language === 'js');
  for (const { label, text } of programs) await writeFile(join(directory, label), text);
  const args = ['--import', FROM_SOURCES, '--test'];
  const { stdout } = await run(process.execPath, args, { cwd: directory, env }).catch((error) => {
    throw new Error(error.stdout);
  });
  assert.match(stdout, /pass 4$/m);
});

test('the commands of the page work', async (t) => {
  const { directory, env } = await project(t);
  await writeFile(join(directory, 'db.yaml'), DB);
  const commands = BLOCKS.filter(({ language, label }) => language === 'sh' && label === '');
  assert.equal(commands.length, 1);
  const { stdout } = await run('sh', ['-ec', commands[0]!.text], { cwd: directory, env });
  assert.match(stdout, /^a new pod of statefulset\/db in shop gets the sidecar$/m);
  assert.match(await readFile(join(directory, 'injected.yaml'), 'utf8'), /name: rollcall$/m);
});

test('what is not run is named as such, or is a script that there is', async () => {
  const { scripts } = JSON.parse(await readFile(new URL('package.json', repository), 'utf8'));
  for (const { language, label, text } of BLOCKS.filter((block) => block.language === 'sh')) {
    assert.ok(['', 'envtest', 'kind', 'not-run'].includes(label), label);
    if (label === 'kind') assert.ok(scripts[text.trim().replace('npm run ', '')], text);
    if (label === 'not-run')
      assert.match(PAGE.split(`\`\`\`${language} ${label}`)[0]!.slice(-300), /[Nn]ot run/);
  }
});

test('the workflow is one, and takes the nodes and the actions that our own takes', async () => {
  const [{ text } = { text: '' }] = BLOCKS.filter(({ language }) => language === 'yaml');
  const ours = parse(await readFile(new URL('.github/workflows/ci.yml', repository), 'utf8'));
  const { jobs, permissions } = parse(text);
  assert.deepEqual(permissions, { contents: 'read' });
  assert.deepEqual(jobs.kind.strategy.matrix.node, ours.jobs.e2e.strategy.matrix.node);
  const used = (steps: { uses?: string }[]) => steps.flatMap(({ uses }) => uses ?? []);
  for (const action of used(jobs.kind.steps)) assert.ok(used(ours.jobs.e2e.steps).includes(action), action);
});
