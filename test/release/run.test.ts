import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const RUN = fileURLToPath(new URL('../../release/run.ts', import.meta.url));
const env = {
  PATH: process.env.PATH,
  REGISTRY: 'registry.example/team',
  SOURCE: 'https://git.example/team/rollcall',
  REVISION: 'c0ffee',
  CREATED: '2026-01-02T03:04:05Z',
};

function release(args: string[], more: NodeJS.ProcessEnv = env) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [RUN, ...args], {
    env: more,
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

test('a dry run shows the commands of a step and runs none', () => {
  const { status, stdout, stderr } = release(['images', '--dry-run']);
  assert.deepEqual([status, stderr], [0, '']);
  const programs = stdout
    .trim()
    .split('\n')
    .map((line) => line.split(' ').slice(0, 4).join(' '));
  assert.deepEqual(programs, [
    '+ docker buildx imagetools',
    '+ docker buildx build',
    '+ cosign sign --yes',
    '+ docker buildx build',
    '+ cosign sign --yes',
  ]);
});

test('the page of a release is made of what the steps before have left', () => {
  const { status, stdout } = release(['page', '--dry-run']);
  assert.equal(status, 0);
  assert.match(stdout, /^> release\/out\/kustomization\.yaml$/m);
  assert.match(stdout, /^\+ kubectl kustomize release\/out$/m);
  assert.match(stdout, /^\+ gh release create v\S+ --verify-tag /m);
});

test('a step that there is not, and a variable that is missing, are told', () => {
  assert.deepEqual(release(['image']), {
    status: 2,
    stdout: '',
    stderr: 'release: "image" is no step; there are agree images chart package page\n',
  });
  const { status, stderr } = release(['chart', '--dry-run'], { PATH: process.env.PATH });
  assert.deepEqual(
    [status, stderr],
    [1, 'release: REGISTRY is not set; give it the registry and the path in it\n'],
  );
});
