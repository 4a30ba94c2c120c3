import { UsageError } from '../../config.ts';
import type { WebhookConfig } from '../../injector-options.ts';
import type { Log } from '../../log.ts';
import type { Metrics } from '../../metrics.ts';
import type { Api } from '../api/api.ts';
import { watchedFile } from '../authentication/watched-file.ts';
import { alsoTrusting } from './also-trusting.ts';
import { CertificateFiles } from './files.ts';
import { CertificateKeeper } from './keeper.ts';
import { ownedByNamespace } from './owner.ts';
import { certificatesIn } from './pem.ts';
import { bundles, watchedBundles } from './publish.ts';
import { SelfManaged } from './self-managed.ts';
import type { CertificateSource } from './source.ts';
import { secretStore } from './store.ts';

const ADVICE = {
  files: 'put the CA of the certificate into caBundle of every entry of the webhook configuration',
  'cert-manager':
    'look at the Certificate, and at the annotation cert-manager.io/inject-ca-from of the webhook configuration',
};

/** The advice where somebody else writes the bundles. Until the next look API servers trust what that somebody says. */
const OVERWRITTEN =
  'it is published again; let GitOps tools ignore /webhooks/*/clientConfig/caBundle of the configuration';

/**
 * Returns the keeper of certificates of the source that the settings name. Only a webhook that manages its own writes
 * a Secret or its configuration.
 */
export function certificatesFrom(
  config: WebhookConfig,
  api: Api,
  log: Log,
  metrics: Metrics,
): CertificateKeeper {
  const { certificates, configuration: name, tlsCertFile: cert, tlsKeyFile: key } = config;
  const byService = `${config.service}.${config.namespace}.svc`;
  if (certificates !== 'self-managed') {
    if (config.tlsCaFile !== undefined) {
      throw new UsageError(`--tls-ca-file: it counts with --certificates self-managed only; leave it out`);
    }
    const source = new CertificateFiles({ cert, key }, ADVICE[certificates]);
    const configuration = watchedBundles(api, name);
    return new CertificateKeeper({ source, configuration, hosts: [byService], log, metrics });
  }
  // `localhost` is for tests and port-forwards.
  const hosts = [byService, `${byService}.cluster.local`, 'localhost', '127.0.0.1'];
  const store = secretStore(api, config.namespace, config.secret);
  const source = withMore(config.tlsCaFile, new SelfManaged(store, hosts, log), log);
  const published = bundles(api, name, () => log.warn('caBundle was overwritten', { advice: OVERWRITTEN }));
  const configuration = ownedByNamespace(published, { api, ...config, log });
  return new CertificateKeeper({ source, configuration, hosts, log, metrics });
}

function withMore(file: string | undefined, source: CertificateSource, log: Log): CertificateSource {
  if (file === undefined) return source;
  const parse = (text: string) => {
    if (certificatesIn(text).length > 0) return text;
    throw new Error('it has no certificate in PEM');
  };
  return alsoTrusting(source, watchedFile('--tls-ca-file', file, parse, log));
}
