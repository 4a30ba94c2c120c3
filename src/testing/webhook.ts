/** The options of a webhook that is started for a test, and what such a webhook offers. */
import type { Admission } from './admission.ts';
import type { ApiObjects } from './api/objects.ts';

/** A namespace of the cluster, with what Rollcall reads of it. */
export interface NamespaceOptions {
  name: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
}

export interface WebhookOptions {
  /** The namespaces of the cluster; by default there is `default`. */
  namespaces?: readonly (string | NamespaceOptions)[];
  /** The image of the sidecar; by default `rollcall:VERSION`. */
  image?: string;
  /** The image of a sidecar that runs commands; by default that of `image`, with `-shell` behind it. */
  shellImage?: string;
  /** The annotations that count where neither a pod nor its namespace has them, as `--default` gives them. */
  defaults?: Readonly<Record<string, string>>;
  /** The minor version of the cluster, such as `1.34`; by default the cluster has all that Rollcall knows of. */
  kubernetes?: string;
  /** Is told each line of the webhook's log, in JSON; by default nobody is. */
  log?: (line: string) => void;
}

export interface AdmitOptions {
  /** The namespace that the pod is created in; by default that of its metadata, else `default`. */
  namespace?: string;
  /** Whether to ask as `kubectl apply --dry-run=server` does, so that nothing is made for the pod. */
  dryRun?: boolean;
}

/** A webhook that serves. */
export interface RunningWebhook extends AsyncDisposable {
  /** The URL that reviews are posted to. */
  readonly url: string;
  readonly port: number;
  /** The certificate that a caller has to trust, as PEM. */
  readonly ca: string;
  /** The objects of the cluster: what the test puts there, and what the webhook made. */
  readonly api: ApiObjects;
  /**
   * Sends a pod, as an object or as YAML, to be created. A ServiceAccount that the pod names is there, as it
   * has to be in a cluster. Rejects when the webhook gives no answer, and for what is no pod or names a
   * namespace that is not there.
   */
  admit(pod: object | string, options?: AdmitOptions): Promise<Admission>;
  /** Ends the server, the API double and all their connections; `await using` does it by itself. */
  close(): Promise<void>;
}
