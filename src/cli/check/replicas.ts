import { at } from '../document/value.ts';
import { readyEndpoints } from '../explain/webhook.ts';
import { type CheckContext, type Finding, fail, ok, unread, warn } from './finding.ts';
import { INSTALL } from './installation.ts';

export async function deployment({ cluster, system }: CheckContext): Promise<Finding> {
  const reply = await cluster.get({ kind: 'Deployment', namespace: system, name: 'rollcall' });
  if (reply.status === 404)
    return fail('installation-incomplete', `there is no Deployment rollcall in ${system}`, INSTALL);
  if (reply.status !== 200) return unread('the Deployment', reply);
  const available = Number(at(reply.body, ['status', 'availableReplicas']) ?? 0);
  const message = `${available} of ${at(reply.body, ['spec', 'replicas']) ?? 1} replicas are available`;
  if (available === 0)
    return fail(
      'no-replica',
      message,
      `kubectl -n ${system} describe pods -l app.kubernetes.io/name=rollcall`,
    );
  if (available === 1) return warn('one-replica', message, 'with two, one can go without an outage');
  return ok(message);
}

export async function endpoints({ cluster, system }: CheckContext): Promise<Finding> {
  const ready = await readyEndpoints(cluster, system, 'rollcall');
  if (typeof ready === 'string') return warn('unreadable', ready, 'check as somebody who may');
  if (ready > 0) return ok(`ready endpoints of the Service: ${ready}`);
  return fail(
    'no-replica',
    'no endpoint of the Service is ready',
    `kubectl -n ${system} get pods -l app.kubernetes.io/name=rollcall`,
  );
}
