/**
 * A webhook configuration beside the one under test, which tells when an API server goes by what was written: it has all
 * configurations from one watch, in the order of their versions, so that it calls by the marker when it has all that was
 * written before.
 */

import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { issue } from '../../src/webhook/certificates/issue.ts';
import type { ControlPlane } from '../support/control-plane.ts';
import { eventually } from '../support/eventually.ts';
import { appPod } from './app-pod.ts';

const NAME = 'marker';
const CONFIGURATIONS = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations';

export class AdmissionMarker {
  readonly #plane: ControlPlane;
  readonly #server: Server;
  readonly #caBundle: string;
  /** The highest mark that a call came with. */
  #called = 0;
  #written = 0;
  #reaching: Promise<void> = Promise.resolve();

  private constructor(plane: ControlPlane, tls: { cert: string; key: string }) {
    this.#plane = plane;
    this.#caBundle = Buffer.from(tls.cert).toString('base64');
    this.#server = createServer(tls, (request, response) => {
      this.#called = Math.max(this.#called, Number(/^\/(\d+)/.exec(request.url!)![1]));
      // No review is answered so, which is ignored.
      request.resume().on('end', () => response.end());
    });
  }

  static async start(plane: ControlPlane): Promise<AdmissionMarker> {
    const marker = new AdmissionMarker(plane, await issue(['127.0.0.1'], new Date()));
    marker.#server.listen(0, '127.0.0.1');
    await once(marker.#server, 'listening');
    await plane.ensureNamespace(NAME);
    await plane.must('POST', CONFIGURATIONS, marker.#configuration(0));
    return marker;
  }

  /** Resolves when the API server goes by the configurations that are written now. */
  reached(): Promise<void> {
    // One after the other: a mark that is overwritten by a lower one would not be called by.
    const reached = this.#reaching.then(() => this.#reach());
    this.#reaching = reached.catch(() => {});
    return reached;
  }

  async #reach(): Promise<void> {
    this.#written += 1;
    const mark = this.#written;
    const type = { 'content-type': 'application/strategic-merge-patch+json' };
    await this.#plane.must('PATCH', `${CONFIGURATIONS}/${NAME}`, this.#configuration(mark), type);
    const pod = appPod({ name: NAME });
    await eventually(
      'a call by the marker',
      async () => {
        await this.#plane.request('POST', `/api/v1/namespaces/${NAME}/pods?dryRun=All`, pod);
        return this.#called >= mark;
      },
      { everyMs: 20 },
    );
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  #configuration(mark: number): object {
    const { port } = this.#server.address() as AddressInfo;
    const entry = {
      name: `${NAME}.example.com`,
      clientConfig: { url: `https://127.0.0.1:${port}/${mark}`, caBundle: this.#caBundle },
      rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }],
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': NAME } },
      failurePolicy: 'Ignore',
      sideEffects: 'None',
      admissionReviewVersions: ['v1'],
    };
    return { metadata: { name: NAME }, webhooks: [entry] };
  }
}
