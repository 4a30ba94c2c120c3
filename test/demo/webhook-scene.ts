/**
 * Scenes 1 and 2: the webhook starts, and a pod is admitted.
 */
import { X509Certificate } from 'node:crypto';
import { stringify } from 'yaml';
import type { ApiObject } from '../../src/testing/api/objects.ts';
import { call } from '../../src/testing/ask.ts';
import { type DiffLine, diffYaml, type Gap, outline } from './diff.ts';
import { databasePod } from './pod.ts';
import type { Stage } from './stage.ts';
import {
  beside,
  columns,
  cyan,
  dim,
  fact,
  fitting,
  green,
  INDENT,
  milliseconds,
  print,
  red,
} from './terminal.ts';
import {
  createConfiguration,
  publishedAuthorities,
  type Review,
  review,
  startWebhook,
  targetOf,
  type Webhook,
} from './webhook.ts';

export async function webhookStarts(stage: Stage): Promise<Webhook> {
  stage.api.create('/api/v1/namespaces', { metadata: { name: 'rollcall-system' } });
  stage.api.create('/api/v1/namespaces', { metadata: { name: 'demo' } });
  createConfiguration(stage);
  const began = performance.now();
  const process = startWebhook(stage);
  const port = await process.port();
  fact('serving', `https://127.0.0.1:${port}, ${milliseconds(performance.now() - began)} after its start`);
  const [ca = '', ...others] = await publishedAuthorities(stage);
  const certificate = new X509Certificate(ca);
  fact(
    'published',
    `${certificate.subject.replaceAll('\n', ', ')}, until ${new Date(certificate.validTo).toISOString().slice(0, 10)}`,
  );
  const same = others.every((other) => other === ca);
  const own = certificate.verify(certificate.publicKey) && !certificate.ca;
  stage.check('both entries of the MutatingWebhookConfiguration trust it, and it is no CA', same && own);
  const secret = stage.api.get('/api/v1/namespaces/rollcall-system/secrets/rollcall-tls');
  fact('kept in', `Secret rollcall-system/rollcall-tls: ${Object.keys(secret?.data ?? {}).join(', ')}`);
  stage.check('the certificates are kept in Secret rollcall-tls', secret !== undefined);
  const webhook = { process, port, ca };
  await call(targetOf(webhook), 'GET', '/readyz');
  stage.check('the webhook is ready, and its certificate is the published one', true);
  return webhook;
}

/** Returns the pod as it was admitted. */
export async function podIsAdmitted(stage: Stage, webhook: Webhook): Promise<ApiObject> {
  const pod = databasePod('true');
  const first = await review(webhook, pod);
  fact(
    'db-0',
    `${verdict(first)}, ${first.operations.length} operations, ${milliseconds(first.milliseconds)}`,
  );
  print();
  printDiff(pod, first.pod);
  print();
  checkInjection(stage, first);
  showAccess(stage);

  const second = await review(webhook, first.pod);
  fact('db-0 again', `${verdict(second)}, ${second.operations.length} operations`);
  const unchanged = second.answer.allowed && second.operations.length === 0;
  stage.check('the patched pod, reviewed again, gets an empty patch', unchanged, second.answer);

  const bad = await review(webhook, databasePod('yes'));
  const message = bad.answer.status?.message ?? '';
  fact('inject: "yes"', `${verdict(bad)}\n${beside(message)}`);
  const denied = !bad.answer.allowed && /rollcall\.dev\/inject/.test(message) && /yes/.test(message);
  stage.check('rollcall.dev/inject: "yes" is denied, with a message that says why', denied, bad.answer);
  await checkMetrics(stage, webhook);
  return first.pod;
}

function verdict({ answer }: Review): string {
  return answer.allowed ? green('allowed') : red(`denied (${answer.status?.code ?? 'no code'})`);
}

interface PodSpec {
  initContainers?: { name: string; image?: string; restartPolicy?: string }[];
  containers: { volumeMounts: { mountPath: string; readOnly?: boolean }[] }[];
}

function checkInjection(stage: Stage, { answer, pod }: Review): void {
  stage.check(
    'AdmissionReview v1 over TLS: asked about db-0, answered with a JSON patch',
    answer.patchType === 'JSONPatch',
  );
  const spec = pod.spec as PodSpec;
  const sidecar = spec.initContainers?.[0];
  const native = sidecar?.name === 'rollcall' && sidecar.restartPolicy === 'Always';
  stage.check('the sidecar is the first init container, and restarts always', native, spec.initContainers);
  const mounts = spec.containers.flatMap(({ volumeMounts }) => volumeMounts);
  const mount = mounts.find(({ mountPath }) => mountPath === '/run/rollcall');
  stage.check('the application sees /run/rollcall, read-only', mount?.readOnly === true, mounts);
}

function showAccess(stage: Stage): void {
  const account = stage.api.get('/api/v1/namespaces/demo/serviceaccounts/rollcall-watcher');
  const path = '/apis/rbac.authorization.k8s.io/v1/namespaces/demo/rolebindings/rollcall-watcher';
  const binding = stage.api.get(path) as
    | (ApiObject & { roleRef: { kind: string; name: string } })
    | undefined;
  const name = (object: ApiObject) => `${object.kind} ${object.metadata?.namespace}/${object.metadata?.name}`;
  if (account && binding) {
    const role = `${binding.roleRef.kind} ${binding.roleRef.name}`;
    fact('made for it', `${cyan(name(account))}\n${cyan(name(binding))}\n  -> ${role}`);
  }
  const bound = JSON.stringify(binding?.subjects ?? []).includes('rollcall-watcher');
  stage.check(
    'ServiceAccount and RoleBinding were made in its namespace',
    account !== undefined && bound,
    binding ?? 'none',
  );
}

async function checkMetrics(stage: Stage, webhook: Webhook): Promise<void> {
  const metrics = await call(targetOf(webhook), 'GET', '/metrics');
  const lines = metrics.split('\n').filter((line) => line.startsWith('rollcall_admission_requests_total{'));
  const counted = (result: string) =>
    lines.some((line) => line.includes(`result="${result}"`) && line.endsWith(' 1'));
  const all = ['injected', 'unchanged', 'denied'].every(counted);
  stage.check('its metrics count one injected, one unchanged, one denied', all, lines);
}

function printDiff(before: ApiObject, after: ApiObject): void {
  for (const line of outline(diffYaml(yamlLines(before), yamlLines(after))))
    print(`${INDENT}${diffText(line)}`);
}

function yamlLines(object: ApiObject): string[] {
  return stringify(object, { lineWidth: 0 }).trimEnd().split('\n');
}

function diffText(line: DiffLine | Gap): string {
  if ('skipped' in line) return dim(`  ${' '.repeat(line.indentation)}... ${line.skipped} lines`);
  const text = fitting(`${line.mark} ${line.text}`, columns() - INDENT.length);
  if (line.mark === '+') return green(text);
  return line.mark === '-' ? red(text) : dim(text);
}
