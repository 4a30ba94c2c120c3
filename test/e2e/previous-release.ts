/** The release before this version, from the history of this repository: its image, and what it installs. */

import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { COMMIT_OF_0_1_0 as COMMIT } from '../support/old-release.ts';
import { chosenCluster } from './cluster.ts';
import { outcome, run } from './command.ts';

export const PREVIOUS = '0.1.0';
/** A tag of its own: `rollcall:0.1.0` is what anybody may have built under that name. */
const TAG = `${PREVIOUS}-${COMMIT}`;
const IMAGE = `rollcall:${TAG}`;

export interface PreviousRelease {
  /** The folder for `kubectl apply --kustomize`. */
  deploy: string;
  remove(): Promise<void>;
}

/** Returns the sentence that says why the release can't be had; undefined where it can. */
export async function missingPrevious(): Promise<string | undefined> {
  if (!chosenCluster().takesImages) return 'there is no way to load the image of 0.1.0 (ROLLCALL_LOAD_IMAGE)';
  const { code } = await outcome('git', ['cat-file', '-e', `${COMMIT}^{commit}`]);
  if (code === 0) return undefined;
  return `this clone has no commit ${COMMIT}, of which 0.1.0 was made: git fetch --unshallow`;
}

/** Builds the image of the release, unless Docker has it already, and loads it into the cluster. */
export async function previousRelease(): Promise<PreviousRelease> {
  const directory = await mkdtemp(join(tmpdir(), 'rollcall-previous-'));
  await run('sh', ['-ec', `git archive ${COMMIT} | tar -x -C "$1"`, 'sh', directory]);
  const local = await outcome('docker', ['image', 'inspect', IMAGE]);
  if (local.code !== 0) await run('docker', ['build', '--quiet', '--tag', IMAGE, directory]);
  await chosenCluster().load(IMAGE);
  const deploy = join(directory, 'deploy');
  await appendFile(join(deploy, 'kustomization.yaml'), `images:\n  - { name: rollcall, newTag: ${TAG} }\n`);
  return { deploy, remove: () => rm(directory, { recursive: true }) };
}
