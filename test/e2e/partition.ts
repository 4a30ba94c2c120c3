/** A network between a pod and the API server that drops packets, by rules in kind's node. */

import { run } from './command.ts';

/** The container that is the control plane's node; set by the runner when the cluster is kind. */
export const NODE = process.env.ROLLCALL_E2E_NODE;

/** Why a test that drops packets is skipped; false where it is not. */
export const skipWithoutNode = NODE
  ? false
  : 'the network of this cluster is out of reach: not a kind cluster';

const nft = (script: string) => run('docker', ['exec', '-i', NODE!, 'nft', '-f', '-'], { input: script });

/** No packet between the pod and the API server arrives, in either direction; no connection is closed. */
export const cutOff = (ip: string) =>
  nft(`
table ip rollcall_e2e {
  chain from_pod {
    type filter hook prerouting priority raw;
    ip saddr ${ip} tcp dport { 443, 6443 } drop
  }
  chain to_pod {
    type filter hook output priority raw;
    ip daddr ${ip} tcp sport { 443, 6443 } drop
  }
}
`);

export const heal = () => nft('table ip rollcall_e2e\ndelete table ip rollcall_e2e\n');
