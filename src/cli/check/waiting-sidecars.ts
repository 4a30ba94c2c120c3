import { named } from '../named.ts';
import { type CheckContext, type Finding, fail, ok } from './finding.ts';

/** Checks that the kubelets can start the sidecars: that their nodes get the image, and what it mounts is there. */
export async function waitingSidecars({ pods }: CheckContext): Promise<Finding> {
  const { sidecars } = await pods();
  const waiting = sidecars.filter(({ waits }) => waits !== undefined);
  if (waiting.length === 0) return ok('no sidecar waits for its image, its volumes or a restart');
  const [first] = waiting;
  const titles = waiting.map(({ namespace, name, waits }) => `${namespace}/${name} (${waits})`);
  return fail(
    'sidecars-not-started',
    `${waiting.length} sidecars do not start: ${named(titles)}`,
    `kubectl -n ${first!.namespace} describe pod ${first!.name}`,
  );
}
