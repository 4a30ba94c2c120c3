import { readFileSync } from 'node:fs';
import type { Cluster } from './cluster.ts';
import { outcome, run } from './command.ts';
import { webhookAnswers } from './installed.ts';
import { kubectl, rolledOut, SYSTEM_NAMESPACE } from './kubernetes.ts';
import type { Step } from './steps.ts';

/** Installs what this checkout has on the cluster, and waits until the webhook answers. */
export async function prepare(cluster: Cluster, appImage: string, step: Step): Promise<void> {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
  const image = `rollcall:${version}`;
  const shellImage = `${image}-shell`;
  await step('nodes and DNS', async () => {
    await kubectl('wait', 'nodes', '--all', '--for=condition=Ready', '--timeout=120s');
    await rolledOut('kube-system', 'deployment/coredns');
  });
  if (cluster.takesImages) {
    await step(`image ${image}`, () => run('npm', ['run', '--silent', 'image']));
    await step(`image ${shellImage}`, () => run('npm', ['run', '--silent', 'image:shell']));
    await step(`image ${appImage}`, () => pullUnlessLocal(appImage));
    await step('load images', () => cluster.load(image, shellImage, appImage));
  }
  await step('kubectl apply -k deploy', () => kubectl('apply', '--kustomize=deploy'));
  await step('roll-out', () => rolledOut(SYSTEM_NAMESPACE, 'deployment/rollcall'));
  await step('first call of the webhook', webhookAnswers);
}

async function pullUnlessLocal(appImage: string): Promise<void> {
  const local = await outcome('docker', ['image', 'inspect', appImage]);
  if (local.code !== 0) await run('docker', ['pull', appImage]);
}
