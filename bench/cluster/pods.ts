/** Pods that are created through the API server, on connections that are kept. */

import { readFileSync } from 'node:fs';
import { Agent, request as httpsRequest } from 'node:https';
import type { ControlPlane } from '../../test/support/control-plane.ts';
import { askingPod } from '../webhook/reviews.ts';

/** The number of requests at a time, as of a controller of a big StatefulSet or Deployment. */
const CONCURRENCY = 8;

export interface Made {
  /** Milliseconds of each creation. */
  times: number[];
  /** The time from the first pod to the last. */
  seconds: number;
}

export class PodMaker {
  readonly #plane: ControlPlane;
  readonly #agent: Agent;
  readonly #token: string;
  #serial = 0;

  constructor(plane: ControlPlane) {
    this.#plane = plane;
    this.#agent = new Agent({ keepAlive: true, maxSockets: CONCURRENCY, ca: plane.ca });
    this.#token = readFileSync(plane.tokenFile, 'utf8');
  }

  /** `count` pods in the namespace; every one must be injected, or none. */
  async create(
    injected: boolean,
    namespace: string,
    count: number,
    concurrency = CONCURRENCY,
  ): Promise<Made> {
    const times: number[] = [];
    const began = performance.now();
    await inParallel(count, concurrency, async () => {
      const sent = performance.now();
      const pod = (await this.#post(`/api/v1/namespaces/${namespace}/pods`, this.#pod())) as Pod;
      times.push(performance.now() - sent);
      const has = pod.spec.initContainers?.some(({ name }) => name === 'rollcall') === true;
      if (has !== injected) throw new Error(`a pod in ${namespace} is ${has ? '' : 'not '}injected`);
    });
    return { times, seconds: (performance.now() - began) / 1000 };
  }

  /** Makes a namespace with its accounts, since no controller is here that would make the default one. */
  async makeNamespace(name: string, accounts: readonly string[]): Promise<void> {
    await this.#post('/api/v1/namespaces', { metadata: { name } });
    for (const account of accounts) {
      await this.#post(`/api/v1/namespaces/${name}/serviceaccounts`, { metadata: { name: account } });
    }
  }

  /** Each namespace gets its pods as soon as it is there. Only the time of the pods counts. */
  async createInNew(
    injected: boolean,
    namespaces: readonly string[],
    accounts: readonly string[],
    count: number,
  ): Promise<Made> {
    const all: Made = { times: [], seconds: 0 };
    for (const name of namespaces) {
      await this.makeNamespace(name, accounts);
      const { times, seconds } = await this.create(injected, name, count);
      all.times.push(...times);
      all.seconds += seconds;
    }
    return all;
  }

  /** Returns a pod as a StatefulSet's controller posts it, without what the API server adds. */
  #pod(): object {
    const pod = structuredClone(askingPod(6)) as unknown as Posted;
    this.#serial += 1;
    const { labels, annotations } = pod.metadata;
    pod.metadata = { name: `db-${this.#serial}`, labels, annotations };
    const isToken = ({ name }: { name: string }) => name.startsWith('kube-api-access-');
    pod.spec.volumes = pod.spec.volumes.filter((volume) => !isToken(volume));
    for (const one of pod.spec.containers)
      one.volumeMounts = one.volumeMounts.filter((mount) => !isToken(mount));
    delete pod.spec.priority;
    delete pod.spec.hostname;
    return pod;
  }

  #post(path: string, body: object): Promise<unknown> {
    const text = JSON.stringify(body);
    const headers = {
      authorization: `Bearer ${this.#token}`,
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(text),
    };
    const options = { method: 'POST', agent: this.#agent, headers };
    return new Promise((resolve, reject) => {
      const request = httpsRequest(new URL(path, this.#plane.url), options, (response) => {
        let answer = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (answer += chunk));
        response.on('end', () => {
          if (response.statusCode === 201) resolve(JSON.parse(answer));
          else reject(new Error(`POST ${path}: ${response.statusCode} ${answer}`));
        });
      });
      request.on('error', reject).end(text);
    });
  }
}

interface Named {
  name: string;
}

interface Pod {
  spec: { initContainers?: Named[] };
}

interface Posted {
  metadata: { name: string; labels: unknown; annotations: unknown };
  spec: {
    volumes: Named[];
    containers: { volumeMounts: Named[] }[];
    priority?: number;
    hostname?: string;
  };
}

async function inParallel(count: number, concurrency: number, work: () => Promise<void>): Promise<void> {
  let left = count;
  const worker = async () => {
    while (left-- > 0) await work();
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
}
