/**
 * The steps of a release: what each of them runs. The steps are values, so that a test reads them and `--dry-run`
 * shows them: nothing here runs anything.
 */
import type { Facts } from './facts.ts';

export type Command = readonly [program: string, ...args: string[]];

/** The folder in which steps leave files for the next ones and for the page of the release. */
export const OUT = 'release/out';

/** The base image of the Dockerfile. A release is made from what is under its name on the day, by digest. */
const BASE_IMAGE = 'node:24-bookworm-slim';
const PLATFORMS = 'linux/amd64,linux/arm64';

/** An image that is built; `target` is the stage of the Dockerfile, the last one when it is not given. */
export interface ImageKind {
  suffix: '' | '-shell';
  target?: string;
}

export const IMAGES: readonly ImageKind[] = [{ suffix: '' }, { suffix: '-shell', target: 'shell' }];

/** The file in which the builder leaves the digest of an image. */
export function metadataFile({ suffix }: ImageKind): string {
  return `${OUT}/image${suffix}.json`;
}

export function imageName({ registry }: Facts): string {
  return `${registry}/rollcall`;
}

/** Prints the digest of the base image. */
export const baseDigest: Command = [
  ...(['docker', 'buildx', 'imagetools', 'inspect', BASE_IMAGE] as const),
  '--format',
  '{{.Manifest.Digest}}',
];

/** Builds an image for all platforms, with its SBOM and provenance, and pushes it. */
export function buildImage(facts: Facts, kind: ImageKind, base: string): Command {
  const labels = {
    title: 'rollcall',
    description: 'Live group membership for Kubernetes pods',
    licenses: 'Apache-2.0',
    version: facts.version,
    revision: facts.revision,
    created: facts.created,
    source: facts.source,
    'base.name': BASE_IMAGE,
    'base.digest': base,
  };
  const from = `${BASE_IMAGE}@${base}`;
  return [
    ...(['docker', 'buildx', 'build', '--platform', PLATFORMS] as const),
    ...(kind.target === undefined ? [] : ['--target', kind.target]),
    ...['NODE_IMAGE', 'SHELL_IMAGE'].flatMap((name) => ['--build-arg', `${name}=${from}`]),
    ...Object.entries(labels).flatMap(([name, value]) => [
      ...['--label', `org.opencontainers.image.${name}=${value}`],
      ...['--annotation', `index:org.opencontainers.image.${name}=${value}`],
    ]),
    ...['--sbom=true', '--provenance=mode=max', '--metadata-file', metadataFile(kind)],
    ...['--tag', `${imageName(facts)}:${facts.version}${kind.suffix}`, '--push', '.'],
  ];
}

/** Signs what is under a digest with the identity of the workflow: there is no key. */
export function sign(name: string, digest: string): Command {
  return ['cosign', 'sign', '--yes', `${name}@${digest}`];
}

export function packChart({ version }: Facts): Command {
  return [
    ...(['helm', 'package', 'deploy/chart', '--version', version, '--app-version', version] as const),
    ...['--destination', OUT],
  ];
}

/** Prints the digest of what it has pushed, as `Digest: sha256:...`. */
export function pushChart({ version, registry }: Facts): Command {
  return ['helm', 'push', `${OUT}/rollcall-${version}.tgz`, `oci://${registry}/charts`];
}

/** Builds and publishes the package; `prepack` builds it. */
export const publishPackage: Command = ['npm', 'publish', '--provenance', '--access', 'public'];

/** The kustomization of an installation whose images are those of this release, by digest. */
export function installation(facts: Facts, digest: string): string {
  const image = 'spec.template.spec.containers.[name=webhook].image';
  const variable = 'spec.template.spec.containers.[name=webhook].env.[name=ROLLCALL_IMAGE].value';
  return `resources: [../../deploy]
images:
  - { name: rollcall, newName: ${imageName(facts)}, digest: "${digest}" }
replacements:
  - source: { kind: Deployment, name: rollcall, fieldPath: "${image}" }
    targets:
      - select: { kind: Deployment, name: rollcall }
        fieldPaths: ["${variable}"]
`;
}

export const renderInstallation: Command = ['kubectl', 'kustomize', OUT];

/** The page of the release, with what is installed by one command. */
export function publishRelease({ version }: Facts): Command {
  return [
    ...([
      'gh',
      'release',
      'create',
      `v${version}`,
      '--verify-tag',
      '--title',
      `Rollcall ${version}`,
    ] as const),
    ...['--notes-file', `${OUT}/notes.md`, `${OUT}/install.yaml`, `${OUT}/rollcall-${version}.tgz`],
  ];
}
