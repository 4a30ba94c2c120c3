import { UsageError } from '../config.ts';
import type { WebhookConfig } from '../injector-options.ts';
import type { Log } from '../log.ts';
import { callerTokens } from './caller-tokens.ts';
import { type Callers, everyCheck } from './callers.ts';
import { type ClientCertificates, clientCertificates, parseClientCa } from './client-certificates.ts';
import { type Get, IssuerKeys } from './issuer-keys.ts';
import { keptFile, type PacedFile, watchFile } from './kept-file.ts';

/** What the settings say about who may ask for reviews. */
export interface CallerChecks {
  callers: Callers | undefined;
  /** The CA of client certificates, as it holds now. */
  clientCa(): string | undefined;
  /** Calls `serve` whenever the file of the CA has changed. */
  watch(serve: () => void): void;
}

/** Throws a `UsageError` where a setting can't be used. */
export function callerChecks(config: WebhookConfig, get: Get, log: Log): CallerChecks {
  const { clientCaFile, clientName, service, namespace, configuration } = config;
  if (clientCaFile === undefined && clientName.length > 0) {
    throw new UsageError('--client-name is given without --client-ca-file; give the CA of the certificates');
  }
  const tokens = callerTokens({
    keys: new IssuerKeys(get),
    // As an API server derives it from `deploy/configuration.yaml`.
    expected: { audience: `https://${service}.${namespace}.svc:443/mutate`, configuration },
    required: config.callerToken === 'require',
    log,
  });
  const file: PacedFile | undefined =
    clientCaFile === undefined ? undefined : keptFile('--client-ca-file', clientCaFile, parseClientCa, log);
  const certificates: ClientCertificates | undefined = file && clientCertificates(clientName);
  return {
    callers: everyCheck(certificates === undefined ? [tokens] : [certificates, tokens]),
    clientCa: () => file?.current,
    watch(serve) {
      if (file === undefined) return;
      watchFile(file, () => {
        serve();
        certificates!.renewed();
      });
    },
  };
}
