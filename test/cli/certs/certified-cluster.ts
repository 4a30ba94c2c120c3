/** A cluster with two replicas that serve one certificate, which all entries trust; tests say what differs. */
import { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { ENTRIES } from '../../../src/cli/explain/entries.ts';
import type { KeyPair } from '../../../src/webhook/certificates/source.ts';
import { days, pair } from '../../webhook/certificates/pairs.ts';
import { type Answers, answeringApi, kubeconfig } from '../answering-api.ts';
import { folder, run } from '../run.ts';

export const CONFIGURATION =
  'GET /apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/rollcall';
export const SYSTEM = '/api/v1/namespaces/rollcall-system';
export const SECRET = `${SYSTEM}/secrets/rollcall-tls`;
export const DEPLOYMENT = 'GET /apis/apps/v1/namespaces/rollcall-system/deployments/rollcall';
export const base64 = (text: string) => Buffer.from(text).toString('base64');
export const fingerprint = ({ cert }: KeyPair) => new X509Certificate(cert).fingerprint256;

export const configuration = (bundle: string, annotations = {}) => [
  200,
  {
    metadata: { annotations },
    webhooks: ENTRIES.map((entry) => ({ ...entry, clientConfig: { caBundle: base64(bundle) } })),
  },
];
export const deployment = (...args: string[]) => [
  200,
  {
    spec: {
      template: {
        spec: {
          containers: [
            {
              args: ['webhook', '--image=x', ...args],
              volumeMounts: [{ name: 'tls', mountPath: '/etc/rollcall/tls' }],
            },
          ],
          volumes: [{ name: 'tls', secret: { secretName: 'rollcall-cert' } }],
        },
      },
    },
  },
];
export const pod = (name: string) => ({
  metadata: { name },
  status: { conditions: [{ type: 'Ready', status: 'True' }] },
});
export const metrics = ({ cert }: KeyPair) => {
  const { validFromDate, validToDate } = new X509Certificate(cert);
  return [
    200,
    `rollcall_certificate_expiry_timestamp_seconds ${validToDate.getTime() / 1000}\n` +
      `rollcall_certificate_not_before_timestamp_seconds ${validFromDate.getTime() / 1000}\n`,
  ];
};
export const ofPod = (name: string) => `GET ${SYSTEM}/pods/https:${name}:8443/proxy/metrics`;

export const FORBIDDEN = [403, { message: 'forbidden' }];

export const secretOf = ({ cert }: KeyPair, more: object = {}, annotations = {}) => [
  200,
  {
    metadata: { name: 'rollcall-tls', uid: 'u1', resourceVersion: '7', annotations },
    data: { 'tls.crt': base64(cert), 'ca.crt': base64(cert), ...more },
  },
];

/** The certificate that is served. */
export const served = await pair({ to: days(300) });
/** One that was to be renewed before. */
export const other = await pair({ to: days(20), from: days(-340) });
const fine = {
  [CONFIGURATION]: configuration(served.cert),
  [DEPLOYMENT]: deployment(),
  [`GET ${SECRET}`]: secretOf(served),
  [`GET ${SYSTEM}/pods`]: [200, { items: [pod('one'), pod('two')] }],
  [ofPod('one')]: metrics(served),
  [ofPod('two')]: metrics(served),
};

/** Another certificate in each place, and served by both replicas. */
export const renewed = (by: KeyPair) => ({
  [CONFIGURATION]: configuration(by.cert),
  [`GET ${SECRET}`]: secretOf(by),
  [ofPod('one')]: metrics(by),
  [ofPod('two')]: metrics(by),
});

/** Runs `rollcall certs` on that cluster with other answers, and returns what it sent to change something as well. */
export async function certs(t: TestContext, answers: Record<string, unknown>, ...argv: string[]) {
  const api = await answeringApi(t, { ...fine, ...answers } as Answers);
  const directory = await folder(t, { config: kubeconfig('fake', api.url) });
  const { out, code } = await run('certs', [...argv, '--kubeconfig', join(directory, 'config')]);
  const changes = api.requests.filter(({ method }) => method !== 'GET');
  return { out, code, changes };
}
