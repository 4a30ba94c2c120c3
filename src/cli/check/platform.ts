import type { Cluster } from '../cluster/cluster.ts';
import { at, type Fields } from '../document/value.ts';
import { type CheckContext, type Finding, ok } from './finding.ts';

/** The facts about a cluster that tell platforms apart. */
export interface Signs {
  /** The version of the API server, as it says. */
  version: string;
  groups: readonly string[];
  /** The address that the kubeconfig has. */
  server: string;
  /** A node, whichever comes first; undefined where none can be read. */
  node: Fields | undefined;
}

interface Platform {
  name: string;
  is(signs: Signs): boolean;
  asks: string;
}

const labelOf = ({ node }: Signs, label: string) => at(node, ['metadata', 'labels', label]);
const providerOf = ({ node }: Signs) => String(at(node, ['spec', 'providerID']) ?? '').split(':')[0];

/** The platforms. One that is built on another comes before it. */
export const PLATFORMS: readonly Platform[] = [
  {
    name: 'OpenShift',
    is: ({ groups }) => groups.includes('security.openshift.io'),
    asks: 'user ids come from the range of the namespace: install with platform=openshift, without ids of our own',
  },
  {
    name: 'GKE Autopilot',
    is: ({ groups }) => groups.includes('auto.gke.io'),
    asks: 'requests are raised to its minimums, which stay; for the webhook, install with platform=autopilot',
  },
  {
    name: 'GKE',
    is: ({ version }) => version.includes('-gke.'),
    asks: 'on a private cluster, let the control plane reach the port of the webhook on the nodes, or give it 10250',
  },
  {
    name: 'EKS Fargate',
    is: (signs) => labelOf(signs, 'eks.amazonaws.com/compute-type') === 'fargate',
    asks: 'every container needs requests that are its limits: sidecars have them there; for the webhook, platform=fargate',
  },
  {
    name: 'EKS',
    is: (signs) => signs.version.includes('-eks-') || providerOf(signs) === 'aws',
    asks: 'with another network plugin than that of AWS, the webhook has to be on the network of its nodes',
  },
  {
    name: 'AKS',
    is: (signs) =>
      labelOf(signs, 'kubernetes.azure.com/cluster') !== undefined ||
      providerOf(signs) === 'azure' ||
      new URL(signs.server).hostname.endsWith('.azmk8s.io'),
    asks: 'its admissions enforcer adds terms to namespaceSelectors: install for AKS, which has them already',
  },
];

/** Names the platform, and what an installation on it needs. */
export async function platform({ cluster }: CheckContext): Promise<Finding> {
  const found = platformOf(await signsOf(cluster));
  if (found === undefined) return ok('no platform that asks for something of its own was recognized');
  return { ...ok(`${found.name}: ${found.asks}`), code: 'platform' };
}

export function platformOf(signs: Signs): Platform | undefined {
  return PLATFORMS.find((one) => one.is(signs));
}

async function signsOf(cluster: Cluster): Promise<Signs> {
  const { body } = await cluster.version();
  const nodes = await cluster.get({ kind: 'Node' }, { limit: '1' });
  const node = at(nodes.body, ['items', 0]) as Fields | undefined;
  return {
    version: String(body.gitVersion),
    groups: await cluster.groups(),
    server: cluster.server,
    node: nodes.status === 200 ? node : undefined,
  };
}
