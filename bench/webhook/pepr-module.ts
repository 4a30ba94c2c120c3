/**
 * The text of a Pepr module that makes the change that Rollcall's webhook makes for the pods of the bench, as
 * Pepr's documentation writes one: an action on the creation of pods that changes the pod in place.
 */
export function peprModule(image: string, version: string): string {
  return `
const { PeprModule, Capability, a } = require('pepr');
const config = {
  uuid: 'bench', description: 'bench', peprVersion: '', appVersion: '',
  onError: 'reject', alwaysIgnore: { namespaces: [] }, webhookTimeout: 10,
};
const capability = new Capability({ name: 'rollcall', description: 'injects', namespaces: [] });
const NAME = 'rollcall', TOKEN = 'rollcall-token', ACCOUNT = 'rollcall-watcher';
const TOKEN_PATH = '/var/run/secrets/kubernetes.io/serviceaccount';
const mount = { name: NAME, mountPath: '/run/rollcall', readOnly: true };
const field = (fieldPath) => ({ fieldRef: { apiVersion: 'v1', fieldPath } });

capability.When(a.Pod).IsCreated().WithAnnotation('rollcall.dev/inject', 'true').Mutate((request) => {
  const { metadata, spec } = request.Raw;
  if (spec.initContainers?.some(({ name, args }) => name === NAME && args?.[0] === 'sidecar')) return;
  const service = metadata.annotations['rollcall.dev/service'] ?? spec.subdomain;
  const was = { serviceAccountName: spec.serviceAccountName, serviceAccount: spec.serviceAccount };
  request.SetAnnotation('rollcall.dev/status', JSON.stringify({ version: ${JSON.stringify(version)}, service, account: 'scoped', was }));
  Object.assign(spec, { serviceAccountName: ACCOUNT, serviceAccount: ACCOUNT, automountServiceAccountToken: false });
  const isToken = ({ name }) => name.startsWith('kube-api-access-');
  spec.volumes = [
    ...(spec.volumes ?? []).filter((volume) => !isToken(volume)),
    { name: NAME, emptyDir: { medium: 'Memory', sizeLimit: '16Mi' } },
    { name: TOKEN, projected: { defaultMode: 0o444, sources: [
      { serviceAccountToken: { path: 'token', expirationSeconds: 3600 } },
      { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
    ] } },
  ];
  for (const container of spec.containers) {
    container.volumeMounts = [...(container.volumeMounts ?? []).filter((one) => !isToken(one)), mount];
  }
  spec.initContainers = [{
    name: NAME, image: ${JSON.stringify(image)}, imagePullPolicy: 'IfNotPresent', args: ['sidecar'], restartPolicy: 'Always',
    env: [
      { name: 'ROLLCALL_NAMESPACE', valueFrom: field('metadata.namespace') },
      { name: 'ROLLCALL_SERVICE', value: service },
      { name: 'ROLLCALL_POD_NAME', valueFrom: field('metadata.name') },
      { name: 'ROLLCALL_POD_UID', valueFrom: field('metadata.uid') },
      { name: 'ROLLCALL_NODE_NAME', valueFrom: field('spec.nodeName') },
      { name: 'ROLLCALL_ZONE', valueFrom: field("metadata.labels['topology.kubernetes.io/zone']") },
      { name: 'NODE_OPTIONS', value: '--max-semi-space-size=1' },
      { name: 'GLIBC_TUNABLES', value: 'glibc.malloc.arena_max=1:glibc.malloc.mmap_threshold=32768:glibc.malloc.trim_threshold=1048576:glibc.malloc.top_pad=16384' },
    ],
    resources: { requests: { cpu: '10m', memory: '48Mi' }, limits: { cpu: '500m', memory: '128Mi' } },
    volumeMounts: [{ name: NAME, mountPath: '/run/rollcall' }, { name: TOKEN, mountPath: TOKEN_PATH, readOnly: true }],
    startupProbe: { httpGet: { path: '/startz', port: 17655 }, timeoutSeconds: 30, periodSeconds: 1, failureThreshold: 60 },
    livenessProbe: { httpGet: { path: '/healthz', port: 17655 }, periodSeconds: 10, failureThreshold: 3 },
    terminationMessagePolicy: 'FallbackToLogsOnError',
    securityContext: {
      allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] }, readOnlyRootFilesystem: true,
      runAsGroup: 17655, runAsNonRoot: true, runAsUser: 17655, seccompProfile: { type: 'RuntimeDefault' },
    },
  }, ...(spec.initContainers ?? [])];
});

new PeprModule({ description: 'bench', pepr: config }, [capability], { deferStart: true }).start(Number(process.argv[2]));
`;
}
