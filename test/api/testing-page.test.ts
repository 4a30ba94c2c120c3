/** The envtest part of docs/testing.md, command by command, with the binaries of this machine. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { findAssets } from '../support/control-plane-binaries.ts';
import { HUNG_MS } from '../support/deadlines.ts';
import { freePorts } from '../support/free-ports.ts';
import { BLOCKS, project } from '../testing/page.ts';

/** The ports of the page, which others on this machine may have. */
const PORTS = ['12379', '12380', '16443', '18443'];

test('the commands of docs/testing.md for envtest start an API server whose pods are injected', {
  timeout: HUNG_MS,
}, async (t) => {
  const { directory, env } = await project(t);
  const free = await freePorts(PORTS.length);
  const commands = BLOCKS.filter(({ label }) => label === 'envtest').map(({ text }) => text);
  assert.equal(commands.length, 2);
  const script = PORTS.reduce(
    (text, port, at) => text.replaceAll(port, String(free[at])),
    commands.join('\n'),
  );
  const KUBEBUILDER_ASSETS = await findAssets();
  // Whatever happens, nothing that was started goes on.
  const guarded = `trap 'kill -9 $(jobs -p) 2> /dev/null || true' EXIT\n${script}`;
  const options = { cwd: directory, env: { ...env, KUBEBUILDER_ASSETS }, timeout: HUNG_MS };
  await promisify(execFile)('bash', ['-ec', guarded], options);
  const pod = JSON.parse(await readFile(join(directory, 'envtest', 'pod.json'), 'utf8'));
  assert.equal(pod.spec.initContainers[0].name, 'rollcall');
  assert.equal(pod.spec.dnsPolicy, 'ClusterFirst', 'with the defaults of a real API server');
});
