import type { Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import packageJson from '../../package.json' with { type: 'json' };
import { UsageError, type WebhookConfig } from '../config.ts';
import { installationOf } from '../installation.ts';
import { jsonLog, type Log } from '../log.ts';
import { Metrics } from '../metrics.ts';
import type { Transport } from '../watcher/kubernetes/transport.ts';
import { Access } from './access.ts';
import { AccessController } from './access-controller.ts';
import { callerChecks } from './caller-checks.ts';
import { CertificateKeeper } from './certificates/keeper.ts';
import { bundles } from './certificates/publish.ts';
import { SelfManaged } from './certificates/self-managed.ts';
import { secretStore } from './certificates/store.ts';
import type { Get } from './issuer-keys.ts';
import { type KubernetesClient, kubernetesClient } from './kubernetes-client.ts';
import { LogQueue } from './log-queue.ts';
import { readNamespace } from './namespace.ts';
import { NativeSidecars } from './native-sidecars.ts';
import type { AdmissionRequest } from './parse-review.ts';
import { type ReviewContext, review } from './review.ts';
import { drain, secureContext, webhookServer } from './server.ts';
import { SkipEvents } from './skip-events.ts';
import { background, surviveFaults } from './survival.ts';

/** Until every API server and kube-proxy has heard that this replica is going. */
const DRAIN_DELAY_MS = 5000;
/** Nothing under way takes longer: the API server has given up by then. */
const DRAIN_LIMIT_MS = 15_000;

/** `rollcall webhook`: serves until SIGTERM. */
export async function webhook(config: WebhookConfig): Promise<void> {
  const queue = new LogQueue();
  const log = jsonLog((line) => queue.push(line));
  process.on('exit', () => queue.flush());
  const metrics = new Metrics();
  metrics.read(
    'counter',
    'rollcall_log_lines_dropped_total',
    'Log lines that nobody read in time.',
    () => queue.dropped,
  );
  surviveFaults(log, metrics, process);
  try {
    await serve(config, metrics, log);
  } finally {
    // What is said of a failed start comes after the log.
    queue.flush();
  }
}

async function serve(config: WebhookConfig, metrics: Metrics, log: Log): Promise<void> {
  const client = connect(config.kubeconfig);
  const checks = callerChecks(config, jsonOver(client.transport), log);
  const access = new Access(client, log, metrics);
  const controller = new AccessController({ client, access, metrics, log });
  const certificates = certificateKeeper(config, client, log, metrics);
  const events = new SkipEvents(client, metrics, log);
  const install = installationOf({ ...config, defaults: config.default });
  const native = await nativeSidecars(config, client, log);
  let draining = false;
  const inBackground = background(log);
  const context: ReviewContext = {
    install: () => ({ ...install, nativeSidecars: native() }),
    readNamespace: (name) => readNamespace(client, name),
    ensureAccess: (namespace, { account }) => access.ensure(namespace, account),
    tellOwner: (...what) => inBackground('tell the owner', events.tell(...what)),
  };
  const options = {
    review: (request: AdmissionRequest) => review(request, context),
    callers: checks.callers,
    // It listens only once its certificate is published.
    notReady: () => (draining ? 'draining' : undefined),
    metrics,
    log,
  };
  let pair = await certificates.start((renewed) => {
    pair = renewed;
    serveSecrets();
  });
  const secrets = () => ({ cert: pair.cert, key: pair.key, clientCa: checks.clientCa() });
  const server = webhookServer(options, secrets());
  const serveSecrets = () => server.setSecureContext(secureContext(secrets()));
  checks.watch(serveSecrets);
  const port = await listen(server, config.port);
  controller.start();
  log.info('serving', { port, image: config.image, version: packageJson.version });
  process.once('SIGTERM', () => {
    draining = true;
    log.info('draining');
    inBackground('stop the access controller', controller.stop());
    setTimeout(() => process.exit(0), DRAIN_DELAY_MS + DRAIN_LIMIT_MS).unref();
    inBackground('drain', leave(server, log));
  });
  exitOnInterrupt(log);
}

async function leave(server: Server, log: Log): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, DRAIN_DELAY_MS));
  await drain(server);
  log.info('stopped');
  process.exit(0);
}

function connect(kubeconfig: string | undefined): KubernetesClient {
  try {
    return kubernetesClient(kubeconfig);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

/** The API server's patience with us is 5 s. */
const READ_MS = 3000;
/** Discovery of the issuer is 1 KB, its keys 5 KB. */
const READ_BYTES = 64 * 1024;

/** One small JSON document. */
function jsonOver(transport: Transport): Get {
  return async (path) => {
    const request = transport.get(path);
    const timer = setTimeout(() => request.close(), READ_MS);
    try {
      const { status, body } = await request.response;
      if (status !== 200) throw new Error(`the API server says ${status} to ${path}`);
      let text = '';
      for await (const piece of { [Symbol.asyncIterator]: () => body }) {
        text += Buffer.from(piece).toString();
        if (text.length > READ_BYTES) throw new Error(`what the API server says to ${path} is too long`);
      }
      return JSON.parse(text);
    } finally {
      clearTimeout(timer);
      request.close();
    }
  };
}

async function listen(server: Server, wanted: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', ({ code }: NodeJS.ErrnoException) =>
      reject(
        new UsageError(`--port: "${wanted}" can't be listened on (${code}); give another, or 0 for any`),
      ),
    );
    server.listen(wanted, resolve);
  });
  return (server.address() as AddressInfo).port;
}

function certificateKeeper(
  config: WebhookConfig,
  client: KubernetesClient,
  log: Log,
  metrics: Metrics,
): CertificateKeeper {
  const hosts = hostsOf(config);
  const store = secretStore(client, config.namespace, config.secret);
  const source = new SelfManaged(store, hosts, log);
  const configuration = bundles(client, config.configuration);
  return new CertificateKeeper({ source, configuration, hosts, log, metrics });
}

/** The names under which API servers call; localhost is for tests and port-forwards. */
function hostsOf({ service, namespace }: WebhookConfig): string[] {
  return [
    `${service}.${namespace}.svc`,
    `${service}.${namespace}.svc.cluster.local`,
    'localhost',
    '127.0.0.1',
  ];
}

async function nativeSidecars(
  config: WebhookConfig,
  client: KubernetesClient,
  log: Log,
): Promise<() => boolean> {
  if (config.nativeSidecars !== 'auto') return () => config.nativeSidecars === 'true';
  const native = new NativeSidecars(client, log);
  await native.start();
  return () => native.supported;
}

function exitOnInterrupt(log: Log): void {
  process.once('SIGINT', () => {
    log.info('stopped');
    process.exit(0);
  });
}
