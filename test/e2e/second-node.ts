/** The second node of the tests' kind cluster: no pod comes to it but in tests that say so. */

import { run } from './command.ts';
import { get, kubectl } from './kubernetes.ts';

/** The name of the node; set by the runner when the cluster is kind. */
export const SECOND_NODE = process.env.ROLLCALL_E2E_SECOND_NODE;
/** The file of images of nodes that have a static bridge in place of kind's own network. */
const BRIDGE = '/etc/cni/net.d/10-bridge.conflist';

/** Why a test that needs two nodes is skipped; false where it is not. */
export const skipWithoutSecondNode = SECOND_NODE
  ? false
  : 'the nodes of this cluster are out of reach: not a kind cluster';

/** Keeps pods away from the node, and sets routes to its pods where the image of the nodes sets none. */
export async function prepareSecondNode(name: string): Promise<void> {
  await kubectl('cordon', name);
  const { items }: { items: Node[] } = await get('nodes');
  const bridged = (await onNode(name, `ls ${BRIDGE} 2>/dev/null || true`)) !== '';
  if (!bridged) return;
  for (const node of items) {
    await onNode(
      node.metadata.name,
      `sed -i 's|"subnet": "[^"]*"|"subnet": "${node.spec.podCIDR}"|' ${BRIDGE}`,
    );
    for (const other of items.filter((one) => one !== node)) {
      const [address] = other.status.addresses.filter(({ type }) => type === 'InternalIP');
      await onNode(node.metadata.name, `ip route replace ${other.spec.podCIDR} via ${address!.address}`);
    }
  }
}

interface Node {
  metadata: { name: string };
  spec: { podCIDR: string };
  status: { addresses: { type: string; address: string }[] };
}

export const onNode = (node: string, script: string): Promise<string> =>
  run('docker', ['exec', node, 'sh', '-c', script]);
