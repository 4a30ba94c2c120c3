/**
 * A child process that plays the API server for the webhooks, over TLS: the double of the tests, with the
 * namespaces of the bench. It counts the requests by what they ask for and tells them when its parent asks.
 */
import { readFileSync } from 'node:fs';
import { writeKeys } from '../../test/support/control-plane-keys.ts';
import { startKubernetesDouble } from '../../test/support/kubernetes-double.ts';
import { NAMESPACE } from './reviews.ts';

/** The double keeps all requests; a million of them would not fit. */
const FORGET_MS = 500;

const [directory = ''] = process.argv.slice(2);
const keys = await writeKeys(directory);
const read = (path: string) => readFileSync(path, 'utf8');
const double = await startKubernetesDouble({
  tls: { key: read(keys.keyFile), cert: read(keys.certificateFile) },
});
const counts: Record<string, number> = {};

for (const name of [NAMESPACE, 'rollcall-system', 'kube-system', 'default']) {
  const metadata = { name, labels: { 'kubernetes.io/metadata.name': name } };
  double.create('/api/v1/namespaces', { metadata });
  double.create(`/api/v1/namespaces/${name}/serviceaccounts`, { metadata: { name: 'default' } });
}
for (const name of ['pepr-bench-store', 'pepr-bench-schedule']) {
  double.create('/apis/pepr.dev/v1/namespaces/pepr-system/peprstores', {
    // The object is as Pepr makes it.
    metadata: { name, labels: { 'pepr.dev-cacheID': '1' } },
    data: { __pepr_do_not_delete__: 'k-thx-bye' },
  });
}
const service = { name: 'rollcall', namespace: 'rollcall-system', path: '/mutate', port: 443 };
double.create('/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations', {
  metadata: { name: 'rollcall' },
  webhooks: ['pods.rollcall.dev', 'namespaces.rollcall.dev'].map((name) => ({
    name,
    clientConfig: { service },
  })),
});
double.fault(({ method, path, watch }) => {
  const what = `${watch ? 'WATCH' : method} ${path.split('/').slice(2).join('/')}`;
  counts[what] = (counts[what] ?? 0) + 1;
  return path === '/version'
    ? { status: 200, body: { major: '1', minor: '37', gitVersion: 'v1.37.0' } }
    : undefined;
});
setInterval(() => {
  double.requests.length = 0;
}, FORGET_MS);

process.on('message', () => process.send?.(counts));
process.on('disconnect', () => process.exit(0));
process.send?.({
  url: double.url,
  caFile: keys.caFile,
  certFile: keys.certificateFile,
  keyFile: keys.keyFile,
});
