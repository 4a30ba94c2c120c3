/** The rules of lint that hold the layers apart: each is shown to refuse what it is there to refuse. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, test } from 'node:test';

/** A file, an import that it may have, and imports that it may not. */
const ARROWS: [file: string, allowed: string, ...refused: string[]][] = [
  ['src/x.ts', './watcher/log.ts', './webhook/webhook.ts', './cli/run.ts', './main.ts', './testing/ask.ts'],
  ['src/watcher/x.ts', './clock.ts', '../log.ts', '../inject/pod.ts', 'express'],
  ['src/watcher/outputs/x.ts', '../clock.ts', '../../log.ts', '../../inject/pod.ts', 'express'],
  ['src/client/x.ts', '../watcher/protocol.ts', '../log.ts', '../sidecar/sidecar.ts'],
  ['src/inject/x.ts', './pod.ts', '../webhook/review.ts', '../config.ts', 'node:fs'],
  [
    'src/webhook/x.ts',
    '../inject/pod.ts',
    '../cli/run.ts',
    '../sidecar/sidecar.ts',
    '../watcher/watch.ts',
    '../testing/ask.ts',
  ],
  [
    'src/webhook/api/x.ts',
    '../../inject/pod.ts',
    '../../cli/run.ts',
    '../../main.ts',
    '../../watcher/watch.ts',
  ],
  [
    'src/sidecar/x.ts',
    '../watcher/watch.ts',
    '../inject/pod.ts',
    '../webhook/review.ts',
    '../peer-finder/self.ts',
  ],
  [
    'src/peer-finder/x.ts',
    '../watcher/watch.ts',
    '../inject/pod.ts',
    '../cli/run.ts',
    '../sidecar/sidecar.ts',
  ],
  [
    'src/testing/x.ts',
    '../webhook/review.ts',
    '../watcher/clock.ts',
    '../cli/run.ts',
    '../webhook/webhook.ts',
  ],
  ['src/install/x.ts', '../config.ts', '../watcher/watch.ts', '../inject/pod.ts'],
  [
    'src/cli/explain/x.ts',
    '../../inject/pod.ts',
    '../../webhook/review.ts',
    '../../watcher/watch.ts',
    'node:https',
  ],
  [
    'src/cli/watch/x.ts',
    '../../client/client.ts',
    '../../webhook/review.ts',
    '../../watcher/watch.ts',
    '../../sidecar/sidecar.ts',
    'node:http',
  ],
  [
    'src/cli/dashboard/x.ts',
    '../../watcher/kubernetes/reflector.ts',
    '../../webhook/review.ts',
    '../../watcher/watch.ts',
    '../../sidecar/sidecar.ts',
    'node:http',
  ],
  [
    'src/cli/cluster/x.ts',
    '../../watcher/kubernetes/transport.ts',
    '../../watcher/watch.ts',
    '../check/check.ts',
  ],
];

/** Places of every layer, and ways to read a sentence back. */
const ROOMS = [
  '',
  'inject/',
  'webhook/api/',
  'watcher/outputs/',
  'cli/explain/',
  'sidecar/',
  'client/',
  'peer-finder/',
];
const READ_BACK = [
  "error.message.startsWith('no')",
  '/not found/.test(error.message)',
  "(error as Error).message.replace('a', 'b')",
  "warning.includes('deprecated')",
  "finding.sentence.endsWith('x')",
];

/** Two files that import each other. */
const CYCLE = {
  'src/inject/one.ts': "import './other.ts';\n",
  'src/inject/other.ts': "import './one.ts';\n",
};

const probes = new Map<string, string>(Object.entries(CYCLE));

/** Gives a text a file of its own in the folder of `file`, and returns the file. */
function probe(file: string, text: string): string {
  const name = path.join(path.dirname(file), `probe-${probes.size}.ts`);
  probes.set(name, text);
  return name;
}

const arrows = ARROWS.map(([file, allowed, ...refused]) => ({
  file,
  allowed: probe(file, `import '${allowed}';\n`),
  refused: refused.map((name) => [name, probe(file, `import '${name}';\n`)] as const),
}));
const readBack = READ_BACK.map((text) => ({
  text,
  files: ROOMS.map((room) => probe(`src/${room}x.ts`, `export const x = ${text};\n`)),
}));
const refusals = lintedAlone(probes);

describe('imports go one way', () => {
  for (const { file, allowed, refused } of arrows) {
    test(`from ${file}`, () => {
      const isRefused = (one: string) => refusals.get(one)?.has('lint/style/noRestrictedImports') === true;
      assert.equal(isRefused(allowed), false);
      assert.deepEqual(
        refused.filter(([, one]) => !isRefused(one)).map(([name]) => name),
        [],
      );
    });
  }
});

test('imports form no cycle', () => {
  for (const file of Object.keys(CYCLE)) {
    assert.ok(refusals.get(file)?.has('lint/suspicious/noImportCycles'), file);
  }
});

describe('no sentence is read back', () => {
  for (const { text, files } of readBack) {
    test(text, () => {
      assert.deepEqual(
        files.filter((file) => refusals.get(file)?.has('plugin') !== true),
        [],
      );
    });
  }
});

/** What the project's rules say of files that stand alone: for each file, the rules that refuse it. */
function lintedAlone(files: ReadonlyMap<string, string>): Map<string, Set<string>> {
  const root = mkdtempSync(path.join(tmpdir(), 'rollcall-lint-'));
  try {
    const rules = JSON.parse(readFileSync('biome.json', 'utf8'));
    writeFileSync(path.join(root, 'biome.json'), JSON.stringify({ ...rules, vcs: { enabled: false } }));
    cpSync('lint', path.join(root, 'lint'), { recursive: true });
    for (const [file, text] of files) {
      mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
      writeFileSync(path.join(root, file), text);
    }
    return diagnosticsIn(root);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

interface Report {
  diagnostics: { category: string; location: { path: string } }[];
}

function diagnosticsIn(root: string): Map<string, Set<string>> {
  const biome = path.resolve('node_modules/.bin/biome');
  const { stdout } = spawnSync(biome, ['lint', '--reporter=json', '--max-diagnostics=none', '.'], {
    cwd: root,
  });
  const found = new Map<string, Set<string>>();
  for (const { category, location } of (JSON.parse(stdout.toString()) as Report).diagnostics) {
    found.set(location.path, (found.get(location.path) ?? new Set()).add(category));
  }
  return found;
}
