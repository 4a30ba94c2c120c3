/** The informer of client-node on the EndpointSlices of one service, with nothing behind it. Arguments: URL, CA file. */
import { DiscoveryV1Api, KubeConfig, makeInformer } from '@kubernetes/client-node';

const [, , server, caFile] = process.argv;
const config = new KubeConfig();
config.loadFromOptions({
  clusters: [{ name: 'bench', server: server!, caFile: caFile! }],
  users: [{ name: 'bench' }],
  contexts: [{ name: 'bench', cluster: 'bench', user: 'bench' }],
  currentContext: 'bench',
});
const api = config.makeApiClient(DiscoveryV1Api);
const labelSelector = 'kubernetes.io/service-name=db';
const informer = makeInformer(
  config,
  '/apis/discovery.k8s.io/v1/namespaces/bench/endpointslices',
  () => api.listNamespacedEndpointSlice({ namespace: 'bench', labelSelector }),
  labelSelector,
);
informer.on('error', (error) => console.error(error));
await informer.start();
