/**
 * The pods behind the Service `demo/db`, as its EndpointSlice shows them.
 */
import { randomUUID } from 'node:crypto';
import { endpointSlice, podEndpoint, slicePath } from '../support/endpoint-slices.ts';
import type { KubernetesDouble } from '../support/kubernetes-double.ts';

export interface GroupPod {
  name: string;
  uid: string;
  ip: string;
  ready: boolean;
  terminating: boolean;
}

export interface Group {
  /** The pods in the order of their ordinals. */
  readonly pods: GroupPod[];
  /** Pods with the next ordinals appear, ready or not yet. */
  add(count: number, ready?: boolean): void;
  /** The pods that `which` chooses get other conditions. */
  mark(which: (pod: GroupPod) => boolean, conditions: Partial<Pick<GroupPod, 'ready' | 'terminating'>>): void;
  /** The pod is replaced under the same name: a new uid and a new address. */
  restart(name: string): void;
  remove(which: (pod: GroupPod) => boolean): void;
}

/** Makes a group whose changes are one write of the slice each. */
export function createGroup(api: KubernetesDouble): Group {
  let pods: GroupPod[] = [];
  let address = 10;
  const newPod = (name: string, ready: boolean): GroupPod => {
    address += 1;
    return { name, uid: randomUUID(), ip: `10.20.0.${address}`, ready, terminating: false };
  };
  const slice = () => endpointSlice({ namespace: 'demo', service: 'db', endpoints: pods.map(podEndpoint) });
  const write = (next: GroupPod[]) => {
    pods = next;
    api.replace(slicePath('demo'), slice());
  };
  api.create(slicePath('demo'), slice());

  return {
    get pods() {
      return pods;
    },
    add(count, ready = true) {
      const added = Array.from({ length: count }, (_, index) => newPod(`db-${pods.length + index}`, ready));
      write([...pods, ...added]);
    },
    mark: (which, conditions) => write(pods.map((pod) => (which(pod) ? { ...pod, ...conditions } : pod))),
    restart: (name) => write(pods.map((pod) => (pod.name === name ? newPod(name, true) : pod))),
    remove: (which) => write(pods.filter((pod) => !which(pod))),
  };
}
