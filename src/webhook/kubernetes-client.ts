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
} from '@kubernetes/client-node';

export interface KubernetesClient {
  core: CoreV1Api;
  rbac: RbacAuthorizationV1Api;
  admission: AdmissionregistrationV1Api;
}

/** The API server waits 5 s for an answer, and one answer may need several requests. */
const REQUEST_MS = 3000;

/** A client from a kubeconfig, or from the identity that every pod has. */
export function kubernetesClient(kubeconfig: string | undefined): KubernetesClient {
  const config = new KubeConfig();
  if (kubeconfig === undefined) config.loadFromCluster();
  else config.loadFromFile(kubeconfig);
  const server = config.getCurrentCluster()?.server;
  if (server === undefined) throw new Error(`--kubeconfig: "${kubeconfig}" names no current cluster`);
  const configuration = createConfiguration({
    baseServer: new ServerConfiguration(server, {}),
    authMethods: { default: config },
    promiseMiddleware: [{ pre: withDeadline, post: async (response: ResponseContext) => response }],
  });
  return {
    core: new CoreV1Api(configuration),
    rbac: new RbacAuthorizationV1Api(configuration),
    admission: new AdmissionregistrationV1Api(configuration),
  };
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

async function withDeadline(request: RequestContext): Promise<RequestContext> {
  request.setSignal(AbortSignal.timeout(REQUEST_MS));
  return request;
}
