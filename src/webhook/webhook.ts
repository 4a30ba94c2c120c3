import type { Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import packageJson from '../../package.json' with { type: 'json' };
import { UsageError } from '../config.ts';
import type { WebhookConfig } from '../injector-options.ts';
import { installationOf } from '../installation.ts';
import { jsonLog, type Log } from '../log.ts';
import { WEBHOOK_METRICS } from '../metric-table.ts';
import { Metrics } from '../metrics.ts';
import { processMetrics } from '../process-metrics.ts';
import { Api } from './api/api.ts';
import { identityOf } from './api/identity.ts';
import { type Features, ServerFeatures, withChoices } from './api/server-features.ts';
import { authenticationFrom } from './authentication/from-settings.ts';
import { isDistrust } from './certificates/distrust.ts';
import { certificatesFrom } from './certificates/from-settings.ts';
import { LogQueue } from './log-queue.ts';
import type { AdmissionRequest } from './parse/parse-review.ts';
import { review } from './review.ts';
import { reviewing } from './reviewing.ts';
import { drain, secureContext, sendAway, unasked, webhookServer } from './server.ts';
import { surviveFaults } from './survival.ts';

/**
 * The time without a review after which every API server and kube-proxy is taken to have heard that this replica ends,
 * which usually takes them a second; and the time after which the replica goes although reviews come.
 */
const LEAVING = { quietMs: 5000, limitMs: 15_000 };
/**
 * The longest time that requests under way can take: an API server gives up after 5 s. Both together stay below the 30 s
 * that the Deployment allows.
 */
const DRAIN_LIMIT_MS = 10_000;

/** Runs `rollcall webhook`, which serves until SIGTERM. */
export async function webhook(config: WebhookConfig): Promise<void> {
  const queue = new LogQueue();
  const log = jsonLog((line) => queue.push(line), config.logLevel);
  process.on('exit', () => queue.flush());
  const metrics = new Metrics();
  processMetrics(metrics, packageJson.version);
  metrics.read(WEBHOOK_METRICS.logLinesDropped, () => queue.dropped);
  surviveFaults(log, metrics, process);
  try {
    await serve(config, metrics, log);
  } finally {
    // The sentence about a failed start is written after the log.
    queue.flush();
  }
}

async function serve(config: WebhookConfig, metrics: Metrics, log: Log): Promise<void> {
  const api = await connect(config.kubeconfig, log);
  const checks = authenticationFrom(config, (path) => api.get(path), log);
  const certificates = certificatesFrom(config, api, log, metrics);
  const install = installationOf({ ...config, defaults: config.default });
  const features = await serverFeatures(config, api, log);
  let draining = false;
  const { context, controller, inBackground } = reviewing({ install, api, metrics, log, features });
  const options = {
    review: (request: AdmissionRequest) => review(request, context),
    callers: checks.callers,
    // The server listens only once its certificate is published, so it is ready from then on.
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
  server.on('tlsClientError', (error) => {
    if (isDistrust(error)) certificates.distrusted();
  });
  checks.watch(serveSecrets);
  const port = await listen(server, config.port);
  controller.start();
  log.info('serving', { port, image: config.image, version: packageJson.version });
  process.once('SIGTERM', () => {
    draining = true;
    sendAway(server);
    log.info('draining');
    controller.stop();
    setTimeout(() => process.exit(0), LEAVING.limitMs + DRAIN_LIMIT_MS).unref();
    inBackground('drain', leave(server, log));
  });
  exitOnInterrupt(log);
}

async function leave(server: Server, log: Log): Promise<void> {
  await unasked(server, LEAVING);
  await drain(server);
  log.info('stopped');
  process.exit(0);
}

async function connect(kubeconfig: string | undefined, log: Log): Promise<Api> {
  try {
    return new Api(await identityOf(kubeconfig, log));
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
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

/** Returns the features that injection counts on, by the settings and the version of the server. */
async function serverFeatures(
  { nativeSidecars, podResources }: WebhookConfig,
  api: Api,
  log: Log,
): Promise<() => Features> {
  const server = new ServerFeatures(api, log);
  await server.start();
  return () => withChoices(server.features, { nativeSidecars, podResources });
}

function exitOnInterrupt(log: Log): void {
  process.once('SIGINT', () => {
    log.info('stopped');
    process.exit(0);
  });
}
