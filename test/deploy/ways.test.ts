/** The ways to install: they install the same. */

import assert from 'node:assert/strict';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { difference } from './difference.ts';
import { kustomization } from './install-page.ts';
import { chart, INSTALL_FILE, installFile, kustomized, lint, type Manifest, missing } from './rendered.ts';

const noHelm = missing('helm');
const noKubectl = missing('kubectl');
const both = noHelm ?? noKubectl;
const DEPLOY = fileURLToPath(new URL('../../deploy', import.meta.url));

/** Helm makes the namespace of a release itself, and can't keep it among the objects of the release. */
const withoutNamespace = (objects: readonly Manifest[]) => objects.filter(({ kind }) => kind !== 'Namespace');

test('deploy/install.yaml is what the kustomization makes; `npm run golden` renews it', {
  skip: noKubectl,
}, async (t) => {
  const objects = await kustomized();
  const texts = objects.map((object) => stringify(object, { lineWidth: 0 }));
  const note = '# Rendered from deploy/kustomization.yaml by `npm run golden`; change what that names.\n';
  t.assert.fileSnapshot(note + texts.join('---\n'), INSTALL_FILE, { serializers: [String] });
});

test('the chart with its defaults installs what the kustomization does', { skip: both }, async () => {
  const [ours, theirs] = await Promise.all([kustomized(), chart()]);
  assert.deepEqual(difference(withoutNamespace(ours), theirs), {});
  assert.ok(theirs.length > 25);
});

test('the chart with its defaults installs what deploy/install.yaml does', { skip: noHelm }, async () => {
  assert.deepEqual(difference(withoutNamespace(await installFile()), await chart()), {});
});

test('for OpenShift, chart and component make the same', { skip: both }, async (t) => {
  const directory = await temporaryFolder(t);
  const deploy = relative(directory, DEPLOY);
  const kustomization = { resources: [deploy], components: [join(deploy, 'openshift')] };
  await writeFile(join(directory, 'kustomization.yaml'), stringify(kustomization));
  const component = withoutNamespace(await kustomized(directory));
  assert.deepEqual(difference(component, await chart({ platform: 'openshift' })), {});
});

const STEPS: readonly [component: string, certificates: object][] = [
  ['cert-manager/prepare', { certManager: { prepare: true } }],
  ['cert-manager/serve', { source: 'certManager', certManager: { inject: false } }],
  ['cert-manager', { source: 'certManager' }],
];
for (const [component, certificates] of STEPS) {
  test(`chart and component make the same of ${component}`, { skip: both }, async (t) => {
    const directory = await temporaryFolder(t);
    const deploy = relative(directory, DEPLOY);
    const kustomization = { resources: [deploy], components: [join(deploy, component)] };
    await writeFile(join(directory, 'kustomization.yaml'), stringify(kustomization));
    const objects = withoutNamespace(await kustomized(directory));
    assert.deepEqual(difference(objects, await chart({ certificates })), {});
  });
}

test('the overlay that docs/install.md shows does what the values beside it do', {
  skip: both,
}, async (t) => {
  const directory = await temporaryFolder(t);
  await cp(DEPLOY, join(directory, 'deploy'), { recursive: true });
  await writeFile(join(directory, 'kustomization.yaml'), kustomization);
  const overlay = withoutNamespace(await kustomized(directory));
  const image = { repository: 'registry.example/team/rollcall' };
  const values = { platform: 'openshift', image, failurePolicy: 'Ignore', port: 10250 };
  assert.deepEqual(difference(overlay, await chart(values)), {});
});

test('with requireInjection, the chart has what deploy/require-injection has', { skip: both }, async () => {
  const [plain, requiring] = await Promise.all([chart(), chart({ requireInjection: true })]);
  const added = requiring.filter(({ metadata }) => metadata.name === 'rollcall-require-injection');
  assert.equal(requiring.length, plain.length + 2);
  assert.deepEqual(difference(await kustomized(join(DEPLOY, 'require-injection')), added), {});
});

test('no rendered file names a registry', async () => {
  const images = (await installFile())
    .filter(({ kind }) => kind === 'Deployment')
    .flatMap(({ spec }) => spec.template.spec.containers.map(({ image }: Manifest) => image));
  assert.ok(images.length > 0);
  for (const image of images) assert.match(image, /^rollcall:/);
  assert.doesNotMatch(await readFile(INSTALL_FILE, 'utf8'), /\b(docker|ghcr|quay)\.io\b/);
});

test('helm lint has nothing to say', { skip: noHelm }, async () => {
  assert.match(await lint(), /1 chart\(s\) linted, 0 chart\(s\) failed/);
});
