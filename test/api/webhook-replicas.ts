/** Several webhooks behind one address, as a Service has it. */

import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { apiRequest } from '../support/api-request.ts';
import type { ControlPlane } from '../support/control-plane.ts';
import { install, SIDECAR_IMAGE, SYSTEM_NAMESPACE } from '../support/deployment.ts';
import { metricSum } from '../support/metrics.ts';
import { Rollcall } from '../support/rollcall.ts';

export class WebhookReplicas {
  readonly #plane: ControlPlane;
  readonly #balancer = new Balancer();
  readonly replicas: Rollcall[] = [];
  #kubeconfig = '';

  constructor(plane: ControlPlane) {
    this.#plane = plane;
  }

  /** Starts replicas that have the rights of the deployed account, and no others. */
  async start(count: number): Promise<void> {
    await install(this.#plane, `https://127.0.0.1:${await this.#balancer.listen()}/mutate`);
    const kubeconfig = join(this.#plane.directory, 'webhook.kubeconfig');
    const token = await this.#plane.mintToken(SYSTEM_NAMESPACE, 'rollcall');
    await writeFile(kubeconfig, this.#plane.kubeconfigFor(token));
    this.#kubeconfig = kubeconfig;
    await this.launch(count);
  }

  async launch(count: number): Promise<void> {
    for (let started = 0; started < count; started += 1) {
      const flags = { port: 0, namespace: SYSTEM_NAMESPACE, image: SIDECAR_IMAGE };
      this.replicas.push(new Rollcall('webhook', { ...flags, kubeconfig: this.#kubeconfig }));
    }
    for (const replica of this.replicas) this.#balancer.ports.push(await replica.port());
  }

  /** All at once, as a crash; the address stays and leads to those that are launched next. */
  async kill(): Promise<void> {
    await Promise.all(this.replicas.map((replica) => replica.kill()));
    this.replicas.length = 0;
    this.#balancer.ports.length = 0;
  }

  /** One metric of each replica. */
  async metric(name: string, labels: Record<string, string> = {}): Promise<number[]> {
    const path = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/rollcall';
    const { webhooks } = await this.#plane.must('GET', path);
    const ca = Buffer.from(webhooks[0].clientConfig.caBundle, 'base64').toString();
    const texts = this.#balancer.ports.map((port) =>
      apiRequest({ url: `https://127.0.0.1:${port}`, ca }, 'GET', '/metrics'),
    );
    return (await Promise.all(texts)).map(({ body }) => metricSum(body, name, labels));
  }

  async stop(): Promise<void> {
    await this.kill();
    this.#balancer.close();
  }
}

/** Gives connections to its ports in turn, and knows nothing of what goes over them. */
export class Balancer {
  readonly ports: number[] = [];
  #server: Server;
  #clients = new Set<Socket>();
  #turn = 0;

  constructor() {
    this.#server = createServer((client) => this.#pass(client));
  }

  async listen(): Promise<number> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return (this.#server.address() as AddressInfo).port;
  }

  close(): void {
    this.#server.close();
    for (const client of this.#clients) client.destroy();
  }

  #pass(client: Socket): void {
    this.#clients.add(client);
    client.on('error', () => {});
    client.on('close', () => this.#clients.delete(client));
    const port = this.ports[this.#turn++ % this.ports.length];
    if (port === undefined) return void client.destroy();
    const replica = connect(port, '127.0.0.1');
    replica.on('error', () => {});
    replica.on('close', () => client.destroy());
    client.on('close', () => replica.destroy());
    client.pipe(replica).pipe(client);
  }
}
