/** One group on a real API server: its EndpointSlices, and a sidecar with a watcher's rights that follows it. */

import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ControlPlane } from '../support/control-plane.ts';
import { endpointSlice, type PodEndpoint, podEndpoint, slicePath } from '../support/endpoint-slices.ts';
import { type Ending, type Sidecar, startSidecar } from '../support/rollcall.ts';
import { connect, type SocketReader } from '../support/stream.ts';

const ROLE = 'rollcall-watcher';
export const SERVICE = 'app';

export class WatchedGroup {
  readonly namespace: string;
  readonly tokenFile: string;
  readonly #plane: ControlPlane;

  constructor(plane: ControlPlane, namespace: string) {
    this.#plane = plane;
    this.namespace = namespace;
    this.tokenFile = join(plane.directory, `${namespace}.token`);
  }

  /** The namespace, with the account, the binding and the token that the webhook would see to. */
  async prepare(): Promise<void> {
    await this.#plane.ensureNamespace(this.namespace);
    await this.grant();
    await this.renewAccount();
  }

  /** A new account of the same name; every token of the last one is void. */
  async renewAccount(): Promise<void> {
    const accounts = `/api/v1/namespaces/${this.namespace}/serviceaccounts`;
    await this.#plane.request('DELETE', `${accounts}/${ROLE}`);
    await this.#plane.must('POST', accounts, { metadata: { name: ROLE } });
    await rm(this.tokenFile, { force: true });
    await writeFile(this.tokenFile, await this.#plane.mintToken(this.namespace, ROLE));
  }

  async grant(): Promise<void> {
    await this.#plane.must('POST', this.#roleBindings(), {
      metadata: { name: ROLE },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: ROLE },
      subjects: [{ kind: 'ServiceAccount', name: ROLE, namespace: this.namespace }],
    });
  }

  async revoke(): Promise<void> {
    await this.#plane.must('DELETE', `${this.#roleBindings()}/${ROLE}`);
  }

  /** Creates the slice or replaces it. */
  async slice(name: string, pods: PodEndpoint[], service = SERVICE): Promise<void> {
    const slice = endpointSlice({
      namespace: this.namespace,
      service,
      name,
      endpoints: pods.map((pod) => podEndpoint(pod)),
    });
    const path = slicePath(this.namespace, name);
    const { status } = await this.#plane.request('PUT', path, slice);
    if (status === 404) await this.#plane.must('POST', slicePath(this.namespace), slice);
    else if (status >= 400) throw new Error(`PUT ${path}: ${status}`);
  }

  async dropSlice(name: string): Promise<void> {
    await this.#plane.must('DELETE', slicePath(this.namespace, name));
  }

  /** Deletes a slice from etcd, as another API server on the same etcd may while this one is away. */
  async dropSliceBehindTheServer(name: string): Promise<void> {
    const key = `/registry/endpointslices/${this.namespace}/${name}`;
    const { deleted } = await this.#plane.etcd('kv/deleterange', {
      key: Buffer.from(key).toString('base64'),
    });
    if (deleted !== '1') throw new Error(`etcd deleted ${deleted ?? 'nothing'} under ${key}`);
  }

  sidecar(ending: Ending, flags: Record<string, string> = {}): Promise<Sidecar> {
    return startSidecar(ending, {
      namespace: this.namespace,
      service: SERVICE,
      server: this.#plane.url,
      'ca-file': this.#plane.caFile,
      'token-file': this.tokenFile,
      ...flags,
    });
  }

  /** A sidecar and a reader of its stream that has the snapshot. */
  async follow(ending: Ending, flags?: Record<string, string>): Promise<SocketReader> {
    const { socket } = await this.sidecar(ending, flags);
    const reader = await connect(socket);
    ending.after(async () => reader.close());
    await reader.until('snapshot', ({ revision }) => revision !== undefined);
    return reader;
  }

  #roleBindings(): string {
    return `/apis/rbac.authorization.k8s.io/v1/namespaces/${this.namespace}/rolebindings`;
  }
}

/** Pod `app-N`, N below 65,536; `life` tells one pod of that name from the next. */
export function member(ordinal: number, life = 1): PodEndpoint {
  const ip = `10.${life}.${ordinal >> 8}.${ordinal & 255}`;
  return { name: `app-${ordinal}`, ip, uid: `app-${ordinal}-life-${life}` };
}
