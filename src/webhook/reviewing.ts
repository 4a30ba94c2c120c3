/** Connects what reviews are answered from: the state of the cluster, the access that is made, and the Events. */
import { keys } from '../inject/annotations.ts';
import { EXCLUDED_NAMESPACES } from '../inject/names.ts';
import type { Install } from '../inject/plan.ts';
import { own } from '../inject/pod.ts';
import type { Log } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import { ApiError } from '../watcher/kubernetes/api-error.ts';
import { AccessController } from './access/controller.ts';
import { Grants } from './access/grants.ts';
import { AccessProvisioner } from './access/provisioner.ts';
import { type Api, sentenceOf } from './api/api.ts';
import type { Features } from './api/server-features.ts';
import { Refused } from './refused.ts';
import type { ReviewContext } from './review.ts';
import { SkipEvents } from './skip-events.ts';
import { ClusterState } from './state/cluster-state.ts';
import { background } from './survival.ts';

export interface ReviewingOptions {
  /** The decisions of the installation for all pods. */
  install: Omit<Install, keyof Features>;
  api: Api;
  metrics: Metrics;
  log: Log;
  /** Returns the features that the cluster has at this moment. */
  features(): Features;
}

export interface Reviewing {
  context: ReviewContext;
  state: ClusterState;
  /** The controller, which is not started yet. */
  controller: AccessController;
  inBackground: ReturnType<typeof background>;
}

export function reviewing({ install, api, metrics, log, features }: ReviewingOptions): Reviewing {
  const state = new ClusterState({ api, metrics, log });
  const excluded = [
    ...EXCLUDED_NAMESPACES,
    ...(install.ownNamespace === undefined ? [] : [install.ownNamespace]),
  ];
  const access = new AccessProvisioner({ api, log, metrics, state, excluded });
  const grants = new Grants({ api, state, metrics, log, excluded });
  const events = new SkipEvents(api, metrics, log);
  const podAccess = (annotations: Readonly<Record<string, string>>) =>
    (own(annotations, keys.podAccess.key) ?? own(install.defaults, keys.podAccess.key)) === 'true';
  const controller = new AccessController({ api, state, access, grants, metrics, log, podAccess });
  const inBackground = background(log);
  const context: ReviewContext = {
    install: () => ({ ...install, ...features() }),
    readNamespace: (name) => {
      const namespace = state.readNamespace(name);
      return namespace instanceof Promise ? ofCaller(namespace, { namespaces: name }) : namespace;
    },
    grantsTo: (home, names) =>
      state.grantsTo(
        home,
        names.filter((name) => !excluded.includes(name)),
      ),
    ensureAccess: (namespace, need) => {
      const work = access.ensure(namespace, need);
      return work && ofCaller(work, { namespaces: namespace, serviceaccounts: need.account });
    },
    tellOwner: (...what) => inBackground('tell the owner', events.tell(...what)),
  };
  return { context, state, controller, inBackground };
}

/**
 * Resolves as the work does, and refuses a request that names a namespace or an account which does not exist. No API
 * server sends such a request, so it is no fault of the webhook, and a stranger must not raise the alert of faults by it.
 * Anything else that is not there, by the words of the API server, is missing in the installation.
 */
async function ofCaller<T>(work: Promise<T>, named: Readonly<Record<string, string>>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw isMissing(error, named) ? new Refused(422, sentenceOf(error)) : error;
  }
}

/** Tells whether the API server says that one of the objects is not there, given by the names of their resources. */
function isMissing(error: unknown, named: Readonly<Record<string, string>>): boolean {
  if (!(error instanceof ApiError) || error.status !== 404 || error.about === undefined) return false;
  const { kind, name } = error.about;
  return name !== '' && own(named, kind) === name;
}
