/**
 * A bare control plane, etcd and kube-apiserver with no kubelet and no controllers, for tests of
 * admission and watches against the real thing. The binaries come from KUBEBUILDER_ASSETS.
 */

import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { apiRequest, type Reply } from './api-request.ts';
import { BackgroundProcess } from './background-process.ts';
import { apiserverArgs, etcdArgs, findAssets, type Ports } from './control-plane-binaries.ts';
import { type ControlPlaneKeys, kubeconfig, writeKeys } from './control-plane-keys.ts';
import { RECOVERY_MS } from './deadlines.ts';
import { freePorts } from './free-ports.ts';

export type Component = 'apiserver' | 'etcd';

/** 64-bit numbers are strings there, and a zero is left out. */
export interface EtcdReply {
  header: { revision: string };
  deleted?: string;
}

export interface ControlPlaneOptions {
  /** Further flags for kube-apiserver. */
  extraArgs?: string[];
}

export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const assets = await findAssets();
  const directory = await mkdtemp(join(tmpdir(), 'control-plane-'));
  const [apiserver, etcdClient, etcdPeer] = await freePorts(3);
  const ports = { apiserver: apiserver!, etcdClient: etcdClient!, etcdPeer: etcdPeer! };
  const keys = await writeKeys(directory);
  const plane = new ControlPlane(assets, directory, ports, keys, options.extraArgs ?? []);
  try {
    await plane.start();
    return plane;
  } catch (error) {
    await plane.stop();
    throw error;
  }
}

export class ControlPlane {
  readonly url: string;
  readonly ca: string;
  readonly caFile: string;
  readonly tokenFile: string;
  /** A file, for the admin. */
  readonly kubeconfig: string;
  readonly directory: string;
  readonly #assets: string;
  readonly #ports: Ports;
  readonly #keys: ControlPlaneKeys;
  readonly #components = new Map<Component, BackgroundProcess>();
  #extraArgs: string[];

  constructor(assets: string, directory: string, ports: Ports, keys: ControlPlaneKeys, extraArgs: string[]) {
    this.url = `https://127.0.0.1:${ports.apiserver}`;
    this.ca = keys.ca;
    this.caFile = keys.caFile;
    this.tokenFile = keys.adminTokenFile;
    this.kubeconfig = join(directory, 'admin.kubeconfig');
    this.directory = directory;
    this.#assets = assets;
    this.#ports = ports;
    this.#keys = keys;
    this.#extraArgs = extraArgs;
  }

  async start(): Promise<void> {
    await writeFile(this.kubeconfig, kubeconfig(this.url, this.caFile, this.#keys.adminToken));
    this.#launch('etcd', 'etcd', etcdArgs(this.directory, this.#ports));
    await this.#startApiserver();
  }

  /** Sends a request as the admin. */
  request(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Reply> {
    const target = { url: this.url, ca: this.ca, token: this.#keys.adminToken };
    return apiRequest(target, method, path, body, headers);
  }

  /** Sends a request as the admin, and throws an error with the answer at a status of 400 or more. */
  async must(method: string, path: string, body?: unknown, headers?: Record<string, string>) {
    const reply = await this.request(method, path, body, headers);
    if (reply.status >= 400) {
      throw new Error(
        `${method} ${path}: ${reply.status} ${JSON.stringify(reply.body?.message ?? reply.body)}`,
      );
    }
    return reply.body;
  }

  /**
   * Runs kubectl as the admin and returns its stdout. It takes the one beside the other binaries, else the one on
   * PATH.
   */
  async kubectl(...args: string[]): Promise<string> {
    const bundled = join(this.#assets, 'kubectl');
    const command = await access(bundled, constants.X_OK).then(
      () => bundled,
      () => 'kubectl',
    );
    const options = { maxBuffer: 64 * 1024 * 1024 };
    const { stdout } = await promisify(execFile)(
      command,
      ['--kubeconfig', this.kubeconfig, ...args],
      options,
    );
    return stdout;
  }

  /** A token from the TokenRequest API; the server allows no less than 600 s. */
  async mintToken(namespace: string, serviceAccount: string, seconds = 3600): Promise<string> {
    const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${serviceAccount}/token`;
    const review = {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { expirationSeconds: seconds },
    };
    return (await this.must('POST', path, review)).status.token;
  }

  /** The text of a kubeconfig for the bearer of `token`. */
  kubeconfigFor(token: string): string {
    return kubeconfig(this.url, this.caFile, token);
  }

  /** A namespace with what the controller-manager, which is not here, would put into it. */
  async ensureNamespace(
    name: string,
    labels: Record<string, string> = {},
    annotations: Record<string, string> = {},
  ): Promise<void> {
    const inside = `/api/v1/namespaces/${name}`;
    await this.#ensure('/api/v1/namespaces', { metadata: { name, labels, annotations } });
    await this.#ensure(`${inside}/serviceaccounts`, { metadata: { name: 'default' } });
    const rootCa = { metadata: { name: 'kube-root-ca.crt' }, data: { 'ca.crt': this.ca } };
    await this.#ensure(`${inside}/configmaps`, rootCa);
  }

  signal(component: Component, signal: NodeJS.Signals): void {
    this.#running(component).signal(signal);
  }

  /** Kills and resolves once the process is gone and its port refuses connections. */
  async killApiserver(): Promise<void> {
    await this.#running('apiserver').kill();
  }

  /** Starts the API server again on the same port, with other flags when given; resolves when it is ready. */
  async restartApiserver(extraArgs: string[] = this.#extraArgs): Promise<void> {
    await this.#components.get('apiserver')?.kill();
    this.#extraArgs = extraArgs;
    await this.#startApiserver();
  }

  /** A call of etcd's JSON gateway, `kv/range` for example; keys and values are base64. */
  async etcd(path: string, body: unknown): Promise<EtcdReply> {
    const url = `http://127.0.0.1:${this.#ports.etcdClient}/v3/${path}`;
    const response = await fetch(url, { method: 'POST', body: JSON.stringify(body) });
    if (!response.ok) throw new Error(`etcd ${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as EtcdReply;
  }

  /** Forgets all history, so that a watch from any earlier version gets 410. */
  async compact(): Promise<void> {
    const everything = Buffer.from([0]).toString('base64');
    const range = { key: everything, range_end: everything, count_only: true };
    const { header } = await this.etcd('kv/range', range);
    await this.etcd('kv/compaction', { revision: header.revision, physical: true });
  }

  pid(component: Component): number {
    return this.#running(component).pid!;
  }

  log(component: Component): string[] {
    return this.#components.get(component)?.output ?? [];
  }

  /** The API server first: without etcd it hangs for a minute. */
  async stop(): Promise<void> {
    // SIGKILL is safe, the data is thrown away, and it spares the graceful shutdown's seconds.
    for (const component of ['apiserver', 'etcd'] as const) await this.#components.get(component)?.kill();
    await rm(this.directory, { recursive: true, force: true });
  }

  async #startApiserver(): Promise<void> {
    const args = apiserverArgs(this.#ports, this.#keys, this.#extraArgs);
    const apiserver = this.#launch('apiserver', 'kube-apiserver', args);
    const etcd = this.#running('etcd');
    const ready = async () => {
      if (etcd.exited) throw new Error(`etcd ended; its last lines:\n${etcd.tail()}`);
      return (await this.request('GET', '/readyz')).status === 200;
    };
    await apiserver.until('readiness', ready, RECOVERY_MS);
  }

  #launch(component: Component, binary: string, args: string[]): BackgroundProcess {
    const launched = new BackgroundProcess(binary, join(this.#assets, binary), args);
    this.#components.set(component, launched);
    return launched;
  }

  #running(component: Component): BackgroundProcess {
    const found = this.#components.get(component);
    if (!found || found.exited) throw new Error(`${component} is not running`);
    return found;
  }

  async #ensure(collection: string, object: unknown): Promise<void> {
    const { status, body } = await this.request('POST', collection, object);
    if (status >= 400 && status !== 409) throw new Error(`POST ${collection}: ${status} ${body.message}`);
  }
}
