/** The webhook as its applied Deployment says, as processes of this machine: two replicas, rolled out one by one. */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Balancer } from '../api/webhook-replicas.ts';
import type { ControlPlane } from '../support/control-plane.ts';
import { SIDECAR_IMAGE, SYSTEM_NAMESPACE } from '../support/deployment.ts';
import { Rollcall } from '../support/rollcall.ts';

const DEPLOYMENT = `/apis/apps/v1/namespaces/${SYSTEM_NAMESPACE}/deployments/rollcall`;
const REPLICAS = 2;
/** The time in which a connection that is on its way arrives, as at a pod that has just left its Service. */
const ON_ITS_WAY_MS = 300;

export class DeployedWebhook {
  readonly replicas: Rollcall[] = [];
  readonly #plane: ControlPlane;
  readonly #mounted: string;
  readonly #balancer = new Balancer();

  /** `mounted` is the directory that stands for /etc/rollcall/tls. */
  constructor(plane: ControlPlane, mounted: string) {
    this.#plane = plane;
    this.#mounted = mounted;
  }

  /** Returns the URL that the API server calls. */
  async listen(): Promise<string> {
    return `https://127.0.0.1:${await this.#balancer.listen()}/mutate`;
  }

  /** Replaces each replica by one of the Deployment as it is now; each is ready before the one before it ends. */
  async rollOut(): Promise<void> {
    const flags = await this.#flags();
    for (const [index, old] of [...this.replicas, ...Array<undefined>(REPLICAS)]
      .slice(0, REPLICAS)
      .entries()) {
      const next = new Rollcall('webhook', flags);
      const port = await next.port();
      this.replicas[index] = next;
      this.#balancer.ports[index] = port;
      await delay(ON_ITS_WAY_MS);
      await old?.stop();
    }
  }

  async stop(): Promise<void> {
    for (const replica of this.replicas) await replica.kill();
    this.#balancer.close();
  }

  async #flags(): Promise<Record<string, string | number>> {
    const { spec } = await this.#plane.must('GET', DEPLOYMENT);
    const args: string[] = spec.template.spec.containers[0].args.slice(1);
    const kubeconfig = join(this.#plane.directory, 'webhook.kubeconfig');
    const token = await this.#plane.mintToken(SYSTEM_NAMESPACE, 'rollcall');
    await writeFile(kubeconfig, this.#plane.kubeconfigFor(token));
    return {
      'tls-cert-file': join(this.#mounted, 'tls.crt'),
      'tls-key-file': join(this.#mounted, 'tls.key'),
      ...Object.fromEntries(
        args.map((arg) => {
          const [flag, value] = arg.replace('/etc/rollcall/tls', this.#mounted).replace(/^--/, '').split('=');
          return [flag!, value!];
        }),
      ),
      port: 0,
      namespace: SYSTEM_NAMESPACE,
      image: SIDECAR_IMAGE,
      kubeconfig,
    };
  }
}
