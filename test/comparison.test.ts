/** docs/comparison can be checked: what it says of Rollcall by tests that are there, what it says of others by links. */

import assert from 'node:assert/strict';
import { access, readdir, readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { has, namesIn } from './support/test-names.ts';

const docs = new URL('../docs/', import.meta.url);
const files = [
  'comparison.md',
  ...(await readdir(new URL('comparison', docs))).map((name) => `comparison/${name}`),
];
const pages = await Promise.all(
  files.map(async (file) => ({
    url: new URL(file, docs),
    text: await readFile(new URL(file, docs), 'utf8'),
  })),
);

const links = pages.flatMap(({ url, text }) =>
  [...text.matchAll(/\[([^\]]+)\]\(([^)]+)\)/g)].map(([, name, to]) => ({ name: name!, to: to!, page: url })),
);
const inside = links.filter(({ to }) => !to.startsWith('https://'));

const INJECTORS = ['Rollcall', 'Istio', 'Linkerd', 'Vault', 'Dapr', 'Consul'];
const COMPARED: Readonly<Record<string, string[]>> = {
  'admission.md': INJECTORS,
  'sidecar.md': INJECTORS,
  'membership.md': ['Rollcall', 'peer-finder', 'client-go', 'client-node'],
  'clustering.md': [
    'Rollcall',
    'Pekko',
    'Hazelcast',
    'JGroups',
    'libcluster',
    'LeaderWorkerSet',
    'peer-finder',
    'client-go',
    'Consul',
    'etcd-operator',
    'etcd-druid',
  ],
};

/** The points of all pages: a heading, and a list of what holds for each project. */
const points = pages.flatMap(({ url, text }) => {
  const projects = COMPARED[url.pathname.split('/').at(-1)!];
  if (projects === undefined) return [];
  const parts = text.split(/^##+ /m).filter((part) => part.includes('- **Rollcall**: '));
  return parts.map((part) => ({ heading: part.split('\n')[0]!, part, projects }));
});

test('every file that is linked is there, and every test under its name', async () => {
  const missing: string[] = [];
  for (const { name, to, page } of inside) {
    const file = new URL(to, page);
    const found = to.endsWith('.test.ts')
      ? has(namesIn(await readFile(file, 'utf8').catch(() => '')), name)
      : await access(file).then(
          () => true,
          () => false,
        );
    if (!found) missing.push(`"${name}" in ${to}`);
  }
  assert.deepEqual(missing, []);
  assert.ok(inside.length > 20, 'links are found at all');
});

test('every point says something of all projects, once, and how to see it', () => {
  for (const { heading, part, projects } of points) {
    const told = [...part.matchAll(/^- \*\*(.+)\*\*: /gm)].map(([, name]) => name!);
    const without = [...part.matchAll(/^- (?:Nothing was found|Not looked at|Does not apply): (.+)\.$/gm)];
    const named = [...told, ...without.flatMap(([, names]) => names!.split(', '))];
    assert.deepEqual(named.toSorted(), projects.toSorted(), heading);
    assert.match(part, /\]\(|`npm run/, heading);
  }
  assert.ok(points.length > 40, 'points are found at all');
});

test('source of others is linked at what was read, a commit or a release', () => {
  const moving = links.filter(({ to }) => /\/(blob|tree)\/(main|master|HEAD)\//.test(to)).map(({ to }) => to);
  assert.deepEqual(moving, []);
});
