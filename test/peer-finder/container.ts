/** A container in which peer-finder's command line and scripts, unmodified, are run by this program. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { BackgroundProcess } from '../support/background-process.ts';
import { DnsServer } from '../support/dns-server.ts';
import { endpointSlice, podEndpoint, slicePath } from '../support/endpoint-slices.ts';
import { eventually } from '../support/eventually.ts';
import { kubernetesDouble } from '../support/kubernetes-double.ts';

export const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
export const SCRIPTS = fileURLToPath(new URL('./scripts', import.meta.url));
export const DOMAIN = 'db.shop.svc.cluster.local';
export const quickly = { timeoutMs: 15_000, everyMs: 20 };
/** Waits for SIGTERM, but not for ever: it may outlive a test that is killed. */
export const UNTIL_TERM = `trap 'echo TERM >told; exit 7' TERM; touch runs
  tries=0; until [ $((tries += 1)) -gt 400 ]; do sleep 0.02; done`;
/** Each test waits for processes most of its time. */
export const sideBySide = { concurrency: 2 };

export type Pod = string | { name: string; ready: boolean };

/** The slice of `db` in `shop`; the pods' addresses are of a documentation network, so nobody's. */
export function group(...pods: Pod[]) {
  const endpoints = pods.map((pod, index) => {
    const { name, ready } = typeof pod === 'string' ? { name: pod, ready: true } : pod;
    return podEndpoint({ name, uid: `uid-${name}`, ip: `203.0.113.${index + 1}`, ready });
  });
  return endpointSlice({ namespace: 'shop', service: 'db', name: 'db-a', endpoints });
}

export async function apiWith(t: TestContext, ...pods: Pod[]) {
  const api = await kubernetesDouble(t);
  api.create(slicePath('shop'), group(...pods));
  const become = (...now: Pod[]) => api.replace(slicePath('shop', 'db-a'), group(...now));
  return { api, server: ['-server', api.url], become };
}

export async function dnsWith(t: TestContext, ...pods: string[]) {
  const dns = await DnsServer.start();
  t.after(() => dns.close());
  const become = (...now: string[]) => {
    dns.names.set(DOMAIN, { srv: now.map((name) => ({ target: `${name}.${DOMAIN}`, port: 5432 })), ttl: 1 });
    now.forEach((name, index) => {
      dns.names.set(`${name}.${DOMAIN}`, { a: [`203.0.113.${index + 1}`], ttl: 1 });
    });
  };
  become(...pods);
  return { server: ['-dns-server', dns.address], become, names: dns.names };
}

/** A container of the pod `db-0`: a folder with the scripts, and a `hostname` that says so. */
export async function container(t: TestContext) {
  const directory = await mkdtemp(join(tmpdir(), 'rollcall-'));
  await mkdir(join(directory, 'bin'));
  await writeFile(join(directory, 'bin', 'hostname'), '#!/bin/sh\necho db-0\n', { mode: 0o755 });
  await cp(SCRIPTS, join(directory, 'scripts'), { recursive: true });
  const environment = {
    PATH: `${join(directory, 'bin')}:${process.env.PATH}`,
    POD_NAMESPACE: 'shop',
    POD_NAME: 'db-0',
    CONF_DIR: directory,
    CLUSTER_CONF: join(directory, 'cluster.conf'),
    NACOS_SERVER_PORT: '8848',
    REPLICA_SET: 'rs0',
  };
  const start = (argv: string[], more: Record<string, string> = {}, main = MAIN) => {
    const args = main === MAIN ? [MAIN, 'peer-finder', ...argv] : [main, ...argv];
    const started = new BackgroundProcess('peer-finder', process.execPath, args, { ...environment, ...more });
    t.after(() => started.stop());
    return started;
  };
  t.after(() => rm(directory, { recursive: true, force: true }));
  return {
    directory,
    environment,
    start,
    script: (name: string) => join(directory, 'scripts', name),
    /** A script of the test's own; it works in the directory. */
    async write(name: string, body: string) {
      const path = join(directory, name);
      await writeFile(path, `#!/bin/sh\ncd "${directory}"\n${body}\n`, { mode: 0o755 });
      return path;
    },
    has: (name: string) => existsSync(join(directory, name)),
    read: (name: string) => readFileSync(join(directory, name), 'utf8'),
    becomes: (name: string, text: string) =>
      eventually(
        name,
        () => assert.equal(readFileSync(join(directory, name), 'utf8'), text) === undefined,
        quickly,
      ),
  };
}

export async function exitCode(started: BackgroundProcess): Promise<number | null> {
  await eventually('the end', () => started.exited, quickly).catch((error) => {
    throw new Error(`${error.message}\n${started.tail()}`);
  });
  return started.exitCode;
}

export const hostsOf = (names: string[], port: number) => names.map((name) => `${name}.${DOMAIN}:${port}`);
