/** The facts that a person wants to see after a failed run, before the cluster goes away. */

import { get, SYSTEM_NAMESPACE, TEST_LABEL, tryKubectl } from './kubernetes.ts';

/** Enough for the last minutes of one container. */
const LOG_LINES = '--tail=40';

export async function diagnose(): Promise<void> {
  const onNodes = '--field-selector=spec.nodeName!=';
  await show('pods', ['get', 'pods', '--all-namespaces', '--output=wide', onNodes]);
  for (const pod of await podsIn(SYSTEM_NAMESPACE)) {
    await show(`webhook ${pod}`, ['logs', pod, `--namespace=${SYSTEM_NAMESPACE}`, LOG_LINES]);
  }
  await show(`events in ${SYSTEM_NAMESPACE}`, events(SYSTEM_NAMESPACE));
  for (const namespace of await testNamespaces()) {
    for (const pod of await podsIn(namespace)) {
      const inPod = ['logs', pod, `--namespace=${namespace}`];
      await show(`sidecar of ${namespace}/${pod}`, [...inPod, '--container=rollcall', LOG_LINES]);
      await show(`application in ${namespace}/${pod}`, [...inPod, '--container=app', '--tail=10']);
    }
    await show(`events in ${namespace}`, events(namespace));
  }
}

const events = (namespace: string) => [
  'get',
  'events',
  `--namespace=${namespace}`,
  '--sort-by=.lastTimestamp',
];

const named = ({ metadata }: { metadata: { name: string } }) => metadata.name;

/** Returns the pods that are on a node. The others, of which a stream makes thousands, have no log. */
async function podsIn(namespace: string): Promise<string[]> {
  const { items } = await get('pods', `--namespace=${namespace}`);
  return items.filter(({ spec }: { spec: { nodeName?: string } }) => spec.nodeName !== undefined).map(named);
}

async function testNamespaces(): Promise<string[]> {
  return (await get('namespaces', `--selector=${TEST_LABEL}`)).items.map(named);
}

async function show(title: string, args: string[]): Promise<void> {
  const { stdout, stderr } = await tryKubectl(args, { timeoutMs: 30_000 });
  console.log(`\n--- ${title}\n${(stdout || stderr).trimEnd()}`);
}
