/** The workflows can't run here, so all that can be looked at without a run is. */

import assert from 'node:assert/strict';
import { accessSync, constants, existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { missing, runTool } from '../support/go-tools.ts';

const root = new URL('../../', import.meta.url);
const folder = new URL('.github/workflows/', root);
const { scripts } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as {
  scripts: Record<string, string>;
};

interface Step {
  uses?: string;
  run?: string;
  name?: string;
}

interface Workflow {
  permissions?: object;
  jobs: Record<string, { uses?: string; steps?: Step[]; 'timeout-minutes'?: number }>;
}

/** Programs that every machine of the workflows has. */
const PROGRAMS = ['npm', 'node', 'go', 'git'];

for (const file of readdirSync(folder)) {
  describe(file, () => {
    const text = readFileSync(new URL(file, folder), 'utf8');
    const { permissions, jobs } = parse(text) as Workflow;
    const steps = Object.values(jobs).flatMap((job) => job.steps ?? []);

    test('may do nothing but read, where a job does not say more; and no job runs for ever', () => {
      assert.deepEqual(permissions, { contents: 'read' });
      for (const [name, job] of Object.entries(jobs))
        assert.ok(job.uses !== undefined || job['timeout-minutes'] !== undefined, name);
    });

    test('takes every action by the digest of a commit, and says its version', () => {
      for (const { uses } of steps.filter((step) => step.uses !== undefined)) {
        assert.match(uses!, /^[\w-]+\/[\w.-]+@[0-9a-f]{40}$/);
        assert.match(text, new RegExp(`uses: ${uses} # v\\d+\\.\\d+\\.\\d+$`, 'm'));
      }
      for (const { uses } of Object.values(jobs))
        if (uses !== undefined) assert.ok(existsSync(new URL(uses, root)), uses);
    });

    test('names each image by digest', () => {
      for (const [image] of text.matchAll(/\bkindest\/node:\S+/g))
        assert.match(image, /@sha256:[0-9a-f]{64}$/);
    });

    test('runs scripts of this repository that are there', () => {
      for (const { run } of steps.filter((step) => step.run !== undefined)) {
        const [program, ...words] = run!.split(/\s+/);
        if (program === 'npm' && words[0] === 'run') assert.ok(scripts[words[1]!], run);
        if (program === 'node') assert.ok(existsSync(new URL(words[0]!, root)), run);
        if (PROGRAMS.includes(program!)) continue;
        accessSync(fileURLToPath(new URL(program!, root)), constants.X_OK);
      }
    });

    test('hands nothing that a stranger can write to a shell', () => {
      for (const { run = '' } of steps) {
        const expressions = [...run.matchAll(/\$\{\{\s*(.*?)\s*\}\}/g)].map(([, expression]) => expression!);
        for (const expression of expressions) assert.match(expression, /^matrix\./, run);
      }
    });

    test('names no registry', () => {
      assert.doesNotMatch(text, /\b[\w.-]+\.(io|dev|com|org)\/[\w-]+\/[\w-]+/);
    });

    test('is one that actionlint takes', { skip: missing('actionlint') }, () => {
      // Neither shellcheck nor pyflakes need be there, and what they say differs by their version.
      const args = ['-no-color', '-shellcheck=', '-pyflakes=', fileURLToPath(new URL(file, folder))];
      assert.deepEqual(runTool('actionlint', args), { code: 0, output: '' });
    });
  });
}

test('every supported version of Kubernetes is in both matrices', () => {
  const { jobs } = parse(readFileSync(new URL('ci.yml', folder), 'utf8')) as {
    jobs: Record<string, { strategy: { matrix: Record<string, string[]> } }>;
  };
  const supported = ['1.33', '1.34', '1.35', '1.36', '1.37'];
  assert.deepEqual(jobs.api!.strategy.matrix.kubernetes, supported);
  const nodes = jobs.e2e!.strategy.matrix.node!.map((image) => /:v(\d+\.\d+)\./.exec(image)?.[1]);
  assert.deepEqual(nodes, supported);
});
