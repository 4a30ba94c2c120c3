/**
 * A stand-in for cert-manager: the kinds that `deploy/cert-manager` names, the Secret of its certificate, cainjector.
 */

import { CaInjector } from '../support/ca-injector.ts';
import { pair } from '../webhook/certificates/pairs.ts';
import type { ApiProxy } from './api-proxy.ts';
import { apply, kubectl, SYSTEM_NAMESPACE } from './kubernetes.ts';

const KINDS = { issuers: 'Issuer', certificates: 'Certificate' };
const HOSTS = [`rollcall.${SYSTEM_NAMESPACE}.svc`, `rollcall.${SYSTEM_NAMESPACE}.svc.cluster.local`];
const CONFIGURATION = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/rollcall';

export class CertManager {
  /** The certificate of its CA. */
  readonly ca: string;
  readonly #injector: CaInjector;

  private constructor(ca: string, injector: CaInjector) {
    this.ca = ca;
    this.#injector = injector;
  }

  static async start(proxy: ApiProxy): Promise<CertManager> {
    const authority = await pair({ name: 'cert-manager-ca', ca: true });
    const { cert, key } = await pair({ signedBy: authority, hosts: HOSTS });
    const metadata = { name: 'rollcall-cert', namespace: SYSTEM_NAMESPACE };
    const stringData = { 'tls.crt': cert, 'tls.key': key, 'ca.crt': authority.cert };
    const definitions = Object.entries(KINDS).map(definitionOf);
    await apply(...definitions, { apiVersion: 'v1', kind: 'Secret', metadata, stringData });
    const names = definitions.map((definition) => `crd/${definition.metadata.name}`);
    await kubectl('wait', ...names, '--for=condition=Established', '--timeout=30s');
    const injector = new CaInjector((...request) => proxy.must(...request), CONFIGURATION, authority.cert);
    return new CertManager(authority.cert, injector);
  }

  /** Deletes the kinds of cert-manager, and with them all their objects. */
  async end(): Promise<void> {
    await this.#injector.end();
    const names = Object.keys(KINDS).map((plural) => `crd/${plural}.cert-manager.io`);
    await kubectl('delete', ...names, '--wait=false');
    await kubectl('delete', 'secret', 'rollcall-cert', `--namespace=${SYSTEM_NAMESPACE}`);
  }
}

function definitionOf([plural, kind]: [string, string]) {
  const schema = {
    openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
  };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.cert-manager.io` },
    spec: {
      group: 'cert-manager.io',
      names: { kind, plural },
      scope: 'Namespaced',
      versions: [{ name: 'v1', served: true, storage: true, schema }],
    },
  };
}
