import { UsageError } from '../../config.ts';

/** One object of a cluster. */
export interface Target {
  kind: string;
  name: string;
  /** Of its collection in a namespace. */
  path(namespace: string): string;
}

interface Resource {
  kind: string;
  plural: string;
  api: string;
  short: string;
}

const RESOURCES: readonly Resource[] = [
  { kind: 'Pod', plural: 'pods', api: '/api/v1', short: 'po' },
  { kind: 'Deployment', plural: 'deployments', api: '/apis/apps/v1', short: 'deploy' },
  { kind: 'StatefulSet', plural: 'statefulsets', api: '/apis/apps/v1', short: 'sts' },
  { kind: 'DaemonSet', plural: 'daemonsets', api: '/apis/apps/v1', short: 'ds' },
  { kind: 'ReplicaSet', plural: 'replicasets', api: '/apis/apps/v1', short: 'rs' },
  { kind: 'ReplicationController', plural: 'replicationcontrollers', api: '/api/v1', short: 'rc' },
  { kind: 'Job', plural: 'jobs', api: '/apis/batch/v1', short: 'job' },
  { kind: 'CronJob', plural: 'cronjobs', api: '/apis/batch/v1', short: 'cj' },
];

/** From `pod/db-0`, `deploy/web` and the like. */
export function targetOf(operand: string): Target {
  const [given = '', name = '', ...more] = operand.split('/');
  const word = given.toLowerCase();
  const resource = RESOURCES.find(({ kind, plural, short }) =>
    [kind.toLowerCase(), plural, short].includes(word),
  );
  if (resource === undefined || name === '' || more.length > 0) {
    const kinds = RESOURCES.map(({ kind }) => kind.toLowerCase()).join(', ');
    throw new UsageError(`"${operand}" is not KIND/NAME; give pod/NAME, or a name of ${kinds}`);
  }
  const { api, plural, kind } = resource;
  return { kind, name, path: (namespace) => `${api}/namespaces/${namespace}/${plural}/${name}` };
}
