import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Facts } from '../../release/facts.ts';
import { factsOf } from '../../release/facts.ts';
import { buildImage, IMAGES, installation, pushChart, sign } from '../../release/steps.ts';

const facts: Facts = {
  version: '1.2.3',
  registry: 'registry.example/team',
  source: 'https://git.example/team/rollcall',
  revision: 'c0ffee',
  created: '2026-01-02T03:04:05Z',
};
const DIGEST = `sha256:${'a'.repeat(64)}`;

describe('an image', () => {
  const [plain, shell] = IMAGES.map((kind) => buildImage(facts, kind, DIGEST));

  test('is built for two platforms, with SBOM and provenance, from a base by digest', () => {
    const line = plain!.join(' ');
    assert.match(line, / --platform linux\/amd64,linux\/arm64 /);
    assert.match(line, / --sbom=true --provenance=mode=max /);
    assert.ok(line.includes(` --build-arg NODE_IMAGE=node:24-bookworm-slim@${DIGEST} `));
    assert.ok(line.endsWith(' --tag registry.example/team/rollcall:1.2.3 --push .'));
    assert.ok(!plain!.includes('--target'));
  });

  test('says what it is and where it comes from, on each platform and as a whole', () => {
    for (const [name, value] of Object.entries({
      version: '1.2.3',
      revision: 'c0ffee',
      source: facts.source,
      created: facts.created,
      licenses: 'Apache-2.0',
      'base.digest': DIGEST,
    })) {
      assert.ok(plain!.includes(`org.opencontainers.image.${name}=${value}`), name);
      assert.ok(plain!.includes(`index:org.opencontainers.image.${name}=${value}`), name);
    }
  });

  test('with a shell is the stage of that name, under a tag of its own', () => {
    assert.match(
      shell!.join(' '),
      / --target shell .* --tag registry\.example\/team\/rollcall:1\.2\.3-shell /,
    );
  });
});

test('what is signed is a digest, never a tag', () => {
  assert.deepEqual(sign('registry.example/team/rollcall', DIGEST), [
    'cosign',
    'sign',
    '--yes',
    `registry.example/team/rollcall@${DIGEST}`,
  ]);
});

test('the chart is pushed beside the images', () => {
  assert.equal(pushChart(facts).at(-1), 'oci://registry.example/team/charts');
});

test('the installation of a release names its image by digest', () => {
  assert.match(
    installation(facts, DIGEST),
    new RegExp(`newName: registry.example/team/rollcall, digest: "${DIGEST}"`),
  );
});

test('a variable that is missing is named', () => {
  const env = { REGISTRY: 'registry.example/team/', SOURCE: 's', REVISION: 'r', CREATED: 'c' };
  assert.equal(factsOf(env).registry, 'registry.example/team');
  for (const name of Object.keys(env)) {
    assert.throws(() => factsOf({ ...env, [name]: '' }), new RegExp(`^Error: ${name} is not set; give it `));
  }
});
