/** The cluster that the tests run on: a kind cluster of their own, or the one that KUBECONFIG names. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { outcome, run } from './command.ts';
import { kubectl, TEST_LABEL, tryKubectl } from './kubernetes.ts';
import { prepareSecondNode } from './second-node.ts';

export interface Cluster {
  /** Returns the sentence that says what to install on this machine; undefined when all is there. */
  missing(): Promise<string | undefined>;
  /** Makes it reachable by KUBECONFIG. */
  start(): Promise<void>;
  /** Whether there is a way to load images; without one they have to be there already. */
  readonly takesImages: boolean;
  /** Makes images of this machine known to its nodes. */
  load(...images: string[]): Promise<void>;
  /** Undoes what the run did. */
  remove(): Promise<void>;
  /** The commands for a cluster that is kept. */
  readonly keptHint: string;
}

const NO_DOCKER = 'No Docker daemon answers: install Docker and start it.';

export const chosenCluster = (): Cluster =>
  process.env.KUBECONFIG ? new ExistingCluster() : new KindCluster('rollcall-e2e', 'test/e2e/kind.yaml');

export class KindCluster implements Cluster {
  readonly takesImages = true;
  readonly keptHint: string;
  readonly #name: string;
  readonly #config: string;
  #directory: string | undefined;

  /** Makes a cluster with the nodes that the configuration of kind says: one, or two. */
  constructor(name: string, config = 'deploy/kind.yaml') {
    this.#name = name;
    this.#config = config;
    this.keptHint = `kind export kubeconfig --name ${name}; later: kind delete cluster --name ${name}`;
  }

  async missing(): Promise<string | undefined> {
    if (!(await works('docker', ['info']))) return NO_DOCKER;
    if (!(await works('kind', ['version'])))
      return 'kind is not on PATH: install it (https://kind.sigs.k8s.io).';
    return missingKubectl();
  }

  async start(): Promise<void> {
    await run('kind', ['delete', 'cluster', '--name', this.#name]);
    this.#directory = await mkdtemp(join(tmpdir(), 'rollcall-e2e-'));
    // A file of its own: the user's kubeconfig and its current context stay as they are.
    process.env.KUBECONFIG = join(this.#directory, 'kubeconfig');
    const [first, second] = [`${this.#name}-control-plane`, `${this.#name}-worker`];
    process.env.ROLLCALL_E2E_NODE = first;
    // A test that has an image of its own finds the cluster by KUBECONFIG, and this is the way to its nodes.
    process.env.ROLLCALL_LOAD_IMAGE = `kind load docker-image {image} --name ${this.#name} --nodes ${first}`;
    const image = await nodeImage();
    const options = ['--config', this.#config, ...(image ? ['--image', image] : [])];
    await run('kind', ['create', 'cluster', '--name', this.#name, '--wait', '120s', ...options]);
    // The nodes of kind are in no zone, and members are to be seen in one. The second node stays in none.
    await kubectl('label', 'node', first, 'topology.kubernetes.io/zone=zone-a');
    const nodes = (await run('kind', ['get', 'nodes', '--name', this.#name])).trim().split('\n');
    if (!nodes.includes(second)) return;
    process.env.ROLLCALL_E2E_SECOND_NODE = second;
    await prepareSecondNode(second);
  }

  /** Loads the images to the node that pods come to, in one archive, which has what they share only once. */
  async load(...images: string[]): Promise<void> {
    const node = `${this.#name}-control-plane`;
    await run('kind', ['load', 'docker-image', ...images, '--name', this.#name, '--nodes', node]);
  }

  async remove(): Promise<void> {
    await run('kind', ['delete', 'cluster', '--name', this.#name]);
    if (this.#directory) await rm(this.#directory, { recursive: true, force: true });
  }
}

/** A cluster of the user. The run adds to it and takes away what it added. */
class ExistingCluster implements Cluster {
  readonly keptHint = `kubectl delete -k deploy; kubectl delete namespace --selector=${TEST_LABEL}`;
  readonly #loadCommand = process.env.ROLLCALL_LOAD_IMAGE ?? '';
  readonly takesImages = this.#loadCommand !== '';

  async missing(): Promise<string | undefined> {
    if (this.takesImages && !(await works('docker', ['info']))) return NO_DOCKER;
    const missing = await missingKubectl();
    if (missing || (await works('kubectl', ['get', '--raw=/readyz']))) return missing;
    return 'The cluster that KUBECONFIG names does not answer: correct it, or unset it for a kind cluster.';
  }

  async start(): Promise<void> {
    await kubectl('delete', 'namespace', `--selector=${TEST_LABEL}`);
  }

  async load(...images: string[]): Promise<void> {
    for (const image of images) await run('sh', ['-c', this.#loadCommand.replaceAll('{image}', image)]);
  }

  async remove(): Promise<void> {
    await kubectl('delete', 'namespace', `--selector=${TEST_LABEL}`);
    await tryKubectl(['delete', '--kustomize=deploy', '--ignore-not-found']);
  }
}

/** KIND_NODE_IMAGE, else one that is here already, else none: kind then takes its default. */
async function nodeImage(): Promise<string | undefined> {
  if (process.env.KIND_NODE_IMAGE) return process.env.KIND_NODE_IMAGE;
  const format = '{{.Repository}}:{{.Tag}}';
  const local = await run('docker', ['image', 'ls', '--format', format, 'kindest/node']);
  return local.split('\n').find((image) => image !== '' && !image.endsWith(':<none>'));
}

async function missingKubectl(): Promise<string | undefined> {
  if (await works('kubectl', ['version', '--client'])) return undefined;
  return 'kubectl is not on PATH: install it (https://kubernetes.io/docs/tasks/tools).';
}

async function works(command: string, args: string[]): Promise<boolean> {
  return outcome(command, args).then(
    ({ code }) => code === 0,
    () => false,
  );
}
