import {
  AdmissionregistrationV1Api,
  ApiException,
  CoreV1Api,
  createConfiguration,
  KubeConfig,
  RbacAuthorizationV1Api,
  type RequestContext,
  type ResponseContext,
  ServerConfiguration,
  VersionApi,
} from '@kubernetes/client-node';
import type { Transport } from '../watcher/kubernetes/transport.ts';
import { kubernetesTransport } from './kubernetes-transport.ts';

export interface KubernetesClient {
  core: CoreV1Api;
  rbac: RbacAuthorizationV1Api;
  admission: AdmissionregistrationV1Api;
  version: VersionApi;
  /** For watches, which end only when their reader wants. */
  transport: Transport;
}

/** The API server waits 5 s for an answer, and one answer may need several requests. */
const REQUEST_MS = 3000;
/** How long connections are shared; a CA that was replaced is taken up after this. */
const AGENT_MS = 60_000;

/** A client from a kubeconfig, or from the identity that every pod has; throws a sentence for the user. */
export function kubernetesClient(kubeconfig: string | undefined, requestMs = REQUEST_MS): KubernetesClient {
  const config = kubeconfig === undefined ? podConfig() : fileConfig(kubeconfig);
  const server = config.getCurrentCluster()?.server;
  if (server === undefined) {
    throw new Error(`--kubeconfig: "${kubeconfig}" names no current cluster; set its current-context`);
  }
  const configuration = createConfiguration({
    baseServer: new ServerConfiguration(server, {}),
    authMethods: { default: config },
    promiseMiddleware: [deadline(requestMs), sharedAgent()],
  });
  return {
    core: new CoreV1Api(configuration),
    rbac: new RbacAuthorizationV1Api(configuration),
    admission: new AdmissionregistrationV1Api(configuration),
    version: new VersionApi(configuration),
    transport: kubernetesTransport(config, 'rollcall-webhook'),
  };
}

function podConfig(): KubeConfig {
  if (!process.env.KUBERNETES_SERVICE_HOST) {
    throw new Error('--kubeconfig is missing and this is not a pod (no KUBERNETES_SERVICE_HOST); give it');
  }
  const config = new KubeConfig();
  config.loadFromCluster();
  return config;
}

function fileConfig(file: string): KubeConfig {
  const config = new KubeConfig();
  try {
    config.loadFromFile(file);
    return config;
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? (error as Error).message;
    throw new Error(`--kubeconfig: "${file}" can't be used (${reason}); give a kubeconfig`);
  }
}

/** What was asked for; undefined when the API server says that there is no such thing. */
export async function ifThere<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (isStatus(error, 404)) return undefined;
    throw error;
  }
}

/** Whether the API server answered with this status code. */
export function isStatus(error: unknown, code: number): boolean {
  return error instanceof ApiException && error.code === code;
}

/** The message of an API error is a dump of the response; this is its sentence. */
export function sentenceOf(error: unknown): string {
  if (!(error instanceof ApiException)) return error instanceof Error ? error.message : String(error);
  const body = error.body as { message?: string } | string | undefined;
  return `the API server says ${error.code}: ${messageOf(body)}`;
}

function messageOf(body: { message?: string } | string | undefined): string {
  if (typeof body !== 'string') return body?.message ?? 'no reason given';
  try {
    return (JSON.parse(body) as { message?: string }).message ?? body;
  } catch {
    return body;
  }
}

function deadline(ms: number) {
  return {
    async pre(request: RequestContext): Promise<RequestContext> {
      request.setSignal(AbortSignal.timeout(ms));
      return request;
    },
    post: async (response: ResponseContext) => response,
  };
}

/** The client makes an agent for every request, which would be a TLS handshake and a socket each. */
function sharedAgent() {
  let agent: ReturnType<RequestContext['getDispatcher']>;
  let since = Number.NEGATIVE_INFINITY;
  return {
    async pre(request: RequestContext): Promise<RequestContext> {
      if (agent !== undefined && performance.now() - since < AGENT_MS) {
        request.setDispatcher(agent);
        return request;
      }
      // It closes once its requests are answered.
      void agent?.close();
      agent = request.getDispatcher();
      since = performance.now();
      return request;
    },
    post: async (response: ResponseContext) => response,
  };
}
