/** The peers that scripts are told of: from the API, from DNS, and of this pod itself. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { endpointSlice, podEndpoint, slicePath } from '../support/endpoint-slices.ts';
import { apiWith, container, DOMAIN, dnsWith, exitCode, hostsOf, sideBySide } from './container.ts';

describe('the same peers by the API and by DNS', sideBySide, () => {
  const addresses = ['203.0.113.7', '203.0.113.8'];
  const dashed = addresses.map((address) => `${address.replaceAll('.', '-')}.${DOMAIN}`);

  async function listed(t: TestContext, flags: string[]) {
    const pod = await container(t);
    const script = await pod.write('note.sh', 'cat >noted; echo $HOST_ADDRESS >>noted');
    const environment = { POD_IP: addresses[0]!, POD_NAME: 'web-x' };
    const init = pod.start(['-on-start', script, '-service', 'db', ...flags], environment);
    assert.equal(await exitCode(init), 0, init.tail());
    return pod.read('noted');
  }

  test('where endpoints have no hostname, as those of a Deployment', async (t) => {
    const { api, server } = await apiWith(t);
    const endpoints = addresses.map((ip, index) => {
      const { hostname: _, ...endpoint } = podEndpoint({ name: `web-${index}`, uid: `uid-${index}`, ip });
      return endpoint;
    });
    api.replace(
      slicePath('shop', 'db-a'),
      endpointSlice({ namespace: 'shop', service: 'db', name: 'db-a', endpoints }),
    );
    const dns = await dnsWith(t);
    dns.become(...dashed.map((name) => name.split('.')[0]!));
    addresses.forEach((address, index) => {
      dns.names.set(dashed[index]!, { a: [address], ttl: 1 });
    });
    const wanted = `${dashed.join('\n')}\n${dashed[0]}\n`;
    assert.equal(await listed(t, server), wanted);
    assert.equal(await listed(t, dns.server), wanted);
  });

  test('and a start by DNS does not wait for the TTL, but asks each second until this pod is listed', async (t) => {
    const dns = await dnsWith(t);
    dns.names.set(DOMAIN, { srv: [{ target: `db-1.${DOMAIN}`, port: 5432 }], ttl: 30 });
    dns.names.set(`db-1.${DOMAIN}`, { a: ['203.0.113.2'], ttl: 30 });
    const pod = await container(t);
    const script = pod.script('nacos-on-start.sh');
    const init = pod.start(['-on-start', script, '-service', 'db', ...dns.server]);
    await init.until('the wait for itself', () => init.output.some((line) => /until this pod is/.test(line)));
    dns.become('db-0', 'db-1');
    const began = performance.now();
    assert.equal(await exitCode(init), 0, init.tail());
    assert.ok(performance.now() - began < 25_000, 'the TTL was 30 s');
  });
});

describe('where the peers come from', sideBySide, () => {
  for (const status of [401, 403]) {
    test(`DNS, when the API answers ${status} at the start, and the log says so`, async (t) => {
      const { api, server } = await apiWith(t, 'db-0');
      api.fault(() => ({ status }));
      const dns = await dnsWith(t, 'db-1', 'db-0');
      const pod = await container(t);
      const scripts = [
        '-on-start',
        pod.script('nacos-on-start.sh'),
        '-on-change',
        pod.script('nacos-on-change.sh'),
      ];
      const nacos = pod.start([...scripts, '-service', 'db', ...server, ...dns.server]);
      await nacos.until('the word on DNS', () =>
        nacos.output.some(
          (line) =>
            line.includes('the API can not be followed, so DNS is polled') && line.includes(`${status}`),
        ),
      );
      await pod.becomes('cluster.conf', `${hostsOf(['db-0', 'db-1'], 8848).join('\n')}\n`);
      dns.become('db-0');
      await pod.becomes('cluster.conf', `${hostsOf(['db-0'], 8848).join('\n')}\n`);
    });
  }

  test('DNS, where there is no account', async (t) => {
    const dns = await dnsWith(t, 'db-0');
    const pod = await container(t);
    const script = pod.script('nacos-on-start.sh');
    const init = pod.start([
      '-on-start',
      script,
      '-service',
      'db',
      '-domain',
      'cluster.local',
      ...dns.server,
    ]);
    assert.equal(await exitCode(init), 0, init.tail());
    assert.match(init.tail(), /the API can not be asked, so DNS is polled/);
    assert.equal(pod.read('cluster.conf'), `db-0.${DOMAIN}:8848\n`);
  });

  test('the API, when it comes back before patience is at its end', async (t) => {
    const { api, server } = await apiWith(t, 'db-0');
    let asked = 0;
    api.fault(() => (++asked === 1 ? { status: 500 } : undefined));
    const pod = await container(t);
    const init = pod.start(['-on-start', pod.script('nacos-on-start.sh'), '-service', 'db', ...server]);
    assert.equal(await exitCode(init), 0, init.tail());
    assert.doesNotMatch(init.tail(), /DNS is/);
  });

  test('pods of a selector: addresses for the scripts, names in the hosts file', async (t) => {
    const { api, server } = await apiWith(t);
    const pods = '/api/v1/namespaces/shop/pods';
    const create = (name: string, ...ips: string[]) =>
      api.create(pods, {
        metadata: { name, uid: `uid-${name}`, labels: { app: 'db' } },
        spec: {},
        status: { phase: 'Running', podIP: ips[0], podIPs: ips.map((ip) => ({ ip })) },
      });
    create('db-1', '203.0.113.2', '2001:db8::2');
    create('db-0', '203.0.113.1', '2001:db8::1');
    const pod = await container(t);
    const hosts = join(pod.directory, 'hosts');
    await writeFile(hosts, '127.0.0.1\tlocalhost\n');
    const script = await pod.write(
      'note.sh',
      'echo $(cat) $HOST_ADDRESS $HOST_ADDRESS_TYPE $POD_IP $POD_IP_TYPE >noted',
    );
    const flags = [
      '-on-change',
      script,
      '-selector',
      'app=db',
      '-hosts-file',
      hosts,
      '-address-type',
      'IPv6',
    ];
    pod.start([...flags, '-v=5', '-logtostderr', ...server], { POD_IP: '203.0.113.1' });
    await pod.becomes('noted', '2001:db8::1 2001:db8::2 2001:db8::1 IPv6 2001:db8::1 IPv6\n');
    const listed =
      '127.0.0.1\tlocalhost\n# peer-finder-managed-aliases:\n2001:db8::1 db-0\n2001:db8::2 db-1\n';
    await pod.becomes('hosts', listed);
    create('db-2', '203.0.113.3', '2001:db8::3');
    await pod.becomes('hosts', `${listed}2001:db8::3 db-2\n`);
    await pod.becomes('noted', '2001:db8::1 2001:db8::2 2001:db8::3 2001:db8::1 IPv6 2001:db8::1 IPv6\n');
  });

  test('itself by the hostname, and what scripts are told of it', async (t) => {
    const self = hostname().split('.')[0]!.toLowerCase();
    const { server } = await apiWith(t, self);
    const pod = await container(t);
    const script = await pod.write(
      'note.sh',
      'echo $HOST_ADDRESS $HOST_ADDRESS_TYPE $POD_IP $POD_IP_TYPE >noted',
    );
    const init = pod.start(['-on-start', script, '-service', 'db', '-ns', 'shop', ...server], {
      POD_NAME: '',
    });
    assert.equal(await exitCode(init), 0, init.tail());
    assert.equal(pod.read('noted'), `${self}.${DOMAIN} DNS 203.0.113.1 IPv4\n`);
  });
});
