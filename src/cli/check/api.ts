import { refusal } from '../cluster/request.ts';
import { type CheckContext, type Finding, fail, ok, warn } from './finding.ts';

/** Checks that the API server answers, and that its version has what Rollcall needs. */
export async function api({ cluster }: CheckContext): Promise<Finding> {
  const reply = await cluster.version();
  if (reply.status !== 200) {
    const message = `the API server at ${cluster.server} says ${refusal(reply)}`;
    return fail('api-unreachable', message, 'check the user of the kubeconfig');
  }
  const { major, minor, gitVersion } = reply.body;
  const number = Number(major) * 100 + Number.parseInt(String(minor), 10);
  if (Number.isNaN(number))
    return fail(
      'api-unreachable',
      `what answers at ${cluster.server} says no version of Kubernetes`,
      'it may be a proxy; --context names another cluster',
    );
  const message = `Kubernetes ${gitVersion} at ${cluster.server}`;
  // matchConditions are stable from 1.30, native sidecars from 1.33.
  if (number >= 133) return ok(message);
  if (number >= 130) {
    const hint = 'native sidecars are stable from 1.33; before, see rollcall.dev/native-sidecar';
    return warn('server-old', message, hint);
  }
  const hint = 'matchConditions need 1.30: the webhook would be called for all pods';
  return fail('server-too-old', message, hint);
}
