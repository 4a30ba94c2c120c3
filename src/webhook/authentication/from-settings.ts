import { UsageError } from '../../config.ts';
import type { WebhookConfig } from '../../injector-options.ts';
import type { Log } from '../../log.ts';
import { type Authenticator, allOf } from './authenticator.ts';
import { type ClientCertificates, clientCertificates, parseClientCa } from './client-certificates.ts';
import { type Get, IssuerKeys } from './issuer-keys.ts';
import { tokenAuthenticator } from './token-authenticator.ts';
import { pollFile, type WatchedFile, watchedFile } from './watched-file.ts';

/** The authentication of callers, as the settings ask for it. */
export interface Authentication {
  callers: Authenticator | undefined;
  /** Returns the current CA of client certificates. */
  clientCa(): string | undefined;
  /** Calls `serve` whenever the file of the client CA has changed. */
  watch(serve: () => void): void;
}

/**
 * Creates the authenticators that the settings ask for. It throws a `UsageError` when a setting can't be
 * used.
 */
export function authenticationFrom(config: WebhookConfig, get: Get, log: Log): Authentication {
  const { clientCaFile, clientName, service, namespace, configuration } = config;
  if (clientCaFile === undefined && clientName.length > 0) {
    throw new UsageError('--client-name is given without --client-ca-file; give the CA of the certificates');
  }
  const tokens = tokenAuthenticator({
    keys: new IssuerKeys(get),
    // The audience, as an API server derives it from `deploy/configuration.yaml`.
    expected: { audience: `https://${service}.${namespace}.svc:443/mutate`, configuration },
    required: config.callerToken === 'require',
    log,
  });
  const file: WatchedFile | undefined =
    clientCaFile === undefined
      ? undefined
      : watchedFile('--client-ca-file', clientCaFile, parseClientCa, log);
  const certificates: ClientCertificates | undefined = file && clientCertificates(clientName);
  return {
    callers: allOf(certificates === undefined ? [tokens] : [certificates, tokens]),
    clientCa: () => file?.current,
    watch(serve) {
      if (file === undefined) return;
      const changed = () => {
        serve();
        certificates!.renewed();
      };
      pollFile(file, changed, log);
    },
  };
}
