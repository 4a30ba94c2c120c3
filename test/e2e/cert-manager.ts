/**
 * cert-manager on the cluster under test. It is a stand-in: the kinds that `deploy/cert-manager` names, the Secret of its
 * certificate, cainjector. With `CERT_MANAGER=itself` it is cert-manager, as a process of this machine, which
 * `npm run tools -- cert-manager` has built.
 */

import { join } from 'node:path';
import { BackgroundProcess } from '../support/background-process.ts';
import { CaInjector } from '../support/ca-injector.ts';
import { missing, toolPath, toolsDirectory } from '../support/go-tools.ts';
import { pair } from '../webhook/certificates/pairs.ts';
import type { ApiProxy } from './api-proxy.ts';
import { apply, get, kubectl, SYSTEM_NAMESPACE } from './kubernetes.ts';

const KINDS = { issuers: 'Issuer', certificates: 'Certificate' };
const HOSTS = [`rollcall.${SYSTEM_NAMESPACE}.svc`, `rollcall.${SYSTEM_NAMESPACE}.svc.cluster.local`];
const CONFIGURATION = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/rollcall';
const IN_SYSTEM = `--namespace=${SYSTEM_NAMESPACE}`;

export interface CertManager {
  name: string;
  /** Deletes its kinds, and with them all their objects, and the Secrets that it has issued. */
  end(): Promise<void>;
}

/** Starts cert-manager. The proxy leads the stand-in to the API server. */
export async function startCertManager(proxy: ApiProxy): Promise<CertManager> {
  if (process.env.CERT_MANAGER !== 'itself') return standIn(proxy);
  const program = toolPath('cert-manager');
  if (program === undefined) throw new Error(`CERT_MANAGER=itself: ${missing('cert-manager')}`);
  return itself(program);
}

/** The CA that it has issued the certificate with, in base64. */
export async function issuingCa(): Promise<string> {
  return (await get('secret', 'rollcall-cert', IN_SYSTEM)).data['ca.crt'];
}

async function itself(program: string): Promise<CertManager> {
  const definitions = join(toolsDirectory(), 'cert-manager-files');
  await kubectl('apply', '--server-side', `--filename=${definitions}`);
  await kubectl('wait', `--filename=${definitions}`, '--for=condition=Established', '--timeout=30s');
  const running = new BackgroundProcess('cert-manager', program, [`--kubeconfig=${process.env.KUBECONFIG}`]);
  return {
    name: 'cert-manager itself',
    async end() {
      await kubectl('delete', `--filename=${definitions}`, '--wait=false');
      await running.stop();
      await kubectl('delete', 'secret', 'rollcall-cert', 'rollcall-ca', IN_SYSTEM);
    },
  };
}

async function standIn(proxy: ApiProxy): Promise<CertManager> {
  const authority = await pair({ name: 'cert-manager-ca', ca: true });
  const { cert, key } = await pair({ signedBy: authority, hosts: HOSTS });
  const metadata = { name: 'rollcall-cert', namespace: SYSTEM_NAMESPACE };
  const stringData = { 'tls.crt': cert, 'tls.key': key, 'ca.crt': authority.cert };
  const definitions = Object.entries(KINDS).map(definitionOf);
  await apply(...definitions, { apiVersion: 'v1', kind: 'Secret', metadata, stringData });
  const names = definitions.map((definition) => `crd/${definition.metadata.name}`);
  await kubectl('wait', ...names, '--for=condition=Established', '--timeout=30s');
  const injector = new CaInjector((...request) => proxy.must(...request), CONFIGURATION, authority.cert);
  return {
    name: 'a stand-in for cert-manager',
    async end() {
      await injector.end();
      await kubectl('delete', ...names, '--wait=false');
      await kubectl('delete', 'secret', 'rollcall-cert', IN_SYSTEM);
    },
  };
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
