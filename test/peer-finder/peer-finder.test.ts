/** peer-finder's command line and scripts, unmodified, run by this program: as a sidecar and as an init container. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { BackgroundProcess } from '../support/background-process.ts';
import { DnsServer } from '../support/dns-server.ts';
import { endpointSlice, podEndpoint, slicePath } from '../support/endpoint-slices.ts';
import { eventually } from '../support/eventually.ts';
import { startKubernetesDouble } from '../support/kubernetes-double.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const SCRIPTS = fileURLToPath(new URL('./scripts', import.meta.url));
const DOMAIN = 'db.shop.svc.cluster.local';
const quickly = { timeoutMs: 15_000, everyMs: 20 };
/** Waits for SIGTERM, but not for ever: it may outlive a test that is killed. */
const UNTIL_TERM = `trap 'echo TERM >told; exit 7' TERM; touch runs
  tries=0; until [ $((tries += 1)) -gt 400 ]; do sleep 0.02; done`;
/** Each test waits for processes most of its time. */
const sideBySide = { concurrency: 2 };

type Pod = string | { name: string; ready: boolean };

/** The slice of `db` in `shop`; the pods' addresses are of a documentation network, so nobody's. */
function group(...pods: Pod[]) {
  const endpoints = pods.map((pod, index) => {
    const { name, ready } = typeof pod === 'string' ? { name: pod, ready: true } : pod;
    return podEndpoint({ name, uid: `uid-${name}`, ip: `203.0.113.${index + 1}`, ready });
  });
  return endpointSlice({ namespace: 'shop', service: 'db', name: 'db-a', endpoints });
}

async function apiWith(t: TestContext, ...pods: Pod[]) {
  const api = await startKubernetesDouble();
  t.after(() => api.close());
  api.create(slicePath('shop'), group(...pods));
  const become = (...now: Pod[]) => api.replace(slicePath('shop', 'db-a'), group(...now));
  return { api, server: ['-server', api.url], become };
}

async function dnsWith(t: TestContext, ...pods: string[]) {
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
async function container(t: TestContext) {
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

async function exitCode(started: BackgroundProcess): Promise<number | null> {
  await eventually('the end', () => started.exited, quickly).catch((error) => {
    throw new Error(`${error.message}\n${started.tail()}`);
  });
  return started.exitCode;
}

const hostsOf = (names: string[], port: number) => names.map((name) => `${name}.${DOMAIN}:${port}`);

describe('scripts after the pattern of public charts', sideBySide, () => {
  test('Nacos, as a sidecar: cluster.conf follows the peers', async (t) => {
    const { server, become } = await apiWith(t, 'db-1', 'db-0');
    const pod = await container(t);
    const scripts = [
      `-on-start=${pod.script('nacos-on-start.sh')}`,
      `-on-change=${pod.script('nacos-on-change.sh')}`,
    ];
    const nacos = pod.start([...scripts, '-service=db', ...server]);
    const conf = (...names: string[]) => `${hostsOf(names, 8848).join('\n')}\n`;
    await pod.becomes('cluster.conf', conf('db-0', 'db-1'));
    become('db-0', 'db-1', 'db-2');
    await pod.becomes('cluster.conf', conf('db-0', 'db-1', 'db-2'));
    become('db-0', 'db-2');
    await pod.becomes('cluster.conf', conf('db-0', 'db-2'));
    assert.equal(nacos.exited, false);
  });

  test('CockroachDB, as an init container: it ends when the peers are known', async (t) => {
    const { server, become } = await apiWith(t, 'db-1', { name: 'db-0', ready: false });
    const pod = await container(t);
    const init = pod.start(['-on-start', pod.script('cockroachdb-on-start.sh'), '-service', 'db', ...server]);
    await init.until('the wait for itself', () => init.output.some((line) => /until this pod is/.test(line)));
    assert.equal(pod.has('flags'), false, 'a pod that DNS would not list is no peer');
    become('db-1', 'db-0');
    assert.equal(await exitCode(init), 0);
    assert.equal(
      pod.read('flags'),
      `--advertise-host=db-0 --join=${hostsOf(['db-0', 'db-1'], 26257).join(',')}\n`,
    );
  });

  test('Galera, as an init container: the first pod begins a cluster, the next one joins it', async (t) => {
    for (const peers of [['db-0'], ['db-0', 'db-1']]) {
      const { server } = await apiWith(t, ...peers);
      const pod = await container(t);
      const init = pod.start(['-on-start', pod.script('galera-on-start.sh'), '-service', 'db', ...server]);
      assert.equal(await exitCode(init), 0);
      const others = peers.slice(1).map((name) => `${name}.${DOMAIN}`);
      const address = `wsrep_node_address=db-0.${DOMAIN}`;
      const cluster = `wsrep_cluster_address=gcomm://${others.join(',')}`;
      assert.equal(pod.read('galera.cnf'), `[galera]\n${address}\n${cluster}\n`);
      assert.equal(pod.has('bootstrap'), others.length === 0);
    }
  });

  test('MongoDB, with -on-change alone: it runs with the first peers too', async (t) => {
    const { server, become } = await apiWith(t, 'db-0');
    const pod = await container(t);
    const mongo = pod.start([`--on-change=${pod.script('mongodb-on-change.sh')}`, '--service=db', ...server]);
    const reconfig = (...names: string[]) => {
      const members = hostsOf(names, 27017).map((host, index) => `{_id: ${index}, host: '${host}'}`);
      return `rs.reconfig({_id: 'rs0', members: [${members.join(', ')}]})\n`;
    };
    await pod.becomes('replica-set.js', reconfig('db-0'));
    become('db-0', 'db-1');
    await pod.becomes('replica-set.js', reconfig('db-0', 'db-1'));
    const said = '[mongodb-on-change.sh] DNS 2 members';
    await mongo.until('what the script says, as it says it', () => mongo.output.includes(said));
  });
});

describe('scripts after the pattern of more public charts', sideBySide, () => {
  const start = (pod: Awaited<ReturnType<typeof container>>, name: string, server: string[]) =>
    pod.start(['-on-start', pod.script(name), '-service', 'db', ...server]);

  test('ZooKeeper: each server has the number of its place, and this pod knows its own', async (t) => {
    const { server } = await apiWith(t, 'db-2', 'db-0', 'db-1');
    const pod = await container(t);
    assert.equal(await exitCode(start(pod, 'zookeeper-on-start.sh', server)), 0);
    const lines = ['db-0', 'db-1', 'db-2'].map(
      (name, index) => `server.${index + 1}=${name}.${DOMAIN}:2888:3888;2181\n`,
    );
    assert.equal(pod.read('zoo.cfg.dynamic'), lines.join(''));
    assert.equal(pod.read('myid'), '1\n');
  });

  test('Redis: the script becomes the server, which gets SIGTERM and ends it with its own status', async (t) => {
    const { server } = await apiWith(t, 'db-1', 'db-0');
    const pod = await container(t);
    const redis = await pod.write('redis', `cp "$1" started; ${UNTIL_TERM}`);
    const flags = ['-on-start', pod.script('redis-on-start.sh'), '-service', 'db', ...server];
    const started = pod.start(flags, { REDIS_SERVER: redis });
    await pod.becomes('started', 'leader\n');
    await eventually('the server', () => pod.has('runs'), quickly);
    started.signal('SIGTERM');
    assert.equal(await exitCode(started), 7);
    assert.equal(pod.read('told'), 'TERM\n');
  });

  test('Elasticsearch: a template is filled in with quoted hosts and a quorum', async (t) => {
    const { server } = await apiWith(t, 'db-1', 'db-0', 'db-2');
    const pod = await container(t);
    await writeFile(join(pod.directory, 'elasticsearch.tmpl'), 'hosts: @HOSTS@\nquorum: @QUORUM@\n');
    const started = start(pod, 'elasticsearch-on-start.sh', server);
    assert.equal(await exitCode(started), 0);
    const hosts = ['db-0', 'db-1', 'db-2'].map((name) => `"${name}.${DOMAIN}"`);
    assert.equal(pod.read('elasticsearch.yml'), `hosts: [${hosts.join(',')}]\nquorum: 2\n`);
    assert.ok(started.output.includes('elasticsearch: quorum of 2'));
  });

  test('Aerospike: a seed for every peer but itself', async (t) => {
    const { server } = await apiWith(t, 'db-1', 'db-0', 'db-2');
    const pod = await container(t);
    await writeFile(join(pod.directory, 'aerospike.tmpl'), 'mode mesh\n# mesh\ninterval 150\n');
    assert.equal(await exitCode(start(pod, 'aerospike-on-start.sh', server)), 0);
    const seeds = ['db-1', 'db-2'].map((name) => `mesh-seed-address-port ${name}.${DOMAIN} 3002\n`);
    assert.equal(pod.read('aerospike.conf'), `mode mesh\n${seeds.join('')}interval 150\n`);
  });

  test('ProxySQL, on every change: what it writes to its output comes out as it is', async (t) => {
    const { server, become } = await apiWith(t, 'db-0');
    const pod = await container(t);
    const started = pod.start([
      `-on-change=${pod.script('proxysql-on-change.sh')}`,
      '-service=db',
      ...server,
    ]);
    const sql = (...names: string[]) => {
      const rows = names.map((name) => ` INSERT INTO mysql_servers VALUES ('${name}.${DOMAIN}', 3306);`);
      return `DELETE FROM mysql_servers;${rows.join('')} LOAD MYSQL SERVERS TO RUNTIME;\n`;
    };
    await pod.becomes('servers.sql', sql('db-0'));
    become('db-0', 'db-1');
    await pod.becomes('servers.sql', sql('db-0', 'db-1'));
    await started.until('both lines', () => started.output.includes(`Read line db-1.${DOMAIN}`));
  });
});

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
    assert.ok(performance.now() - began < 10_000, 'the TTL was 30 s');
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

describe('as the process that it is', sideBySide, () => {
  test('a script that runs gets SIGTERM, and its status is that of the process', async (t) => {
    const { server } = await apiWith(t, 'db-0');
    const pod = await container(t);
    const started = pod.start([
      '-on-start',
      await pod.write('server.sh', UNTIL_TERM),
      '-service',
      'db',
      ...server,
    ]);
    await eventually('the script', () => pod.has('runs'), quickly);
    started.signal('SIGTERM');
    assert.equal(await exitCode(started), 7);
    assert.equal(pod.read('told'), 'TERM\n');
  });

  test('between scripts SIGTERM ends it with 0', async (t) => {
    const { server } = await apiWith(t, 'db-0');
    const pod = await container(t);
    const script = pod.script('nacos-on-start.sh');
    const started = pod.start(['-on-start', script, '-on-change', script, '-service', 'db', ...server]);
    await started.until('the script', () => started.output.some((line) => line.includes('hook done')));
    started.signal('SIGTERM');
    assert.equal(await exitCode(started), 0);
  });

  /** Ways in which scripts leave something running; each notes the signal, takes its time, and ends. */
  const daemon = `trap 'echo told >>daemon; sleep 0.5; echo ended >>daemon; exit 0' TERM; echo running >>daemon
    tries=0; while [ $((tries += 1)) -lt 400 ]; do sleep 0.05; done`;
  const left: Record<string, string> = {
    'in the background': 'sh ./daemon.sh &',
    'in a session of its own': 'setsid sh ./daemon.sh &',
    'without the environment': 'env -i PATH="$PATH" sh ./daemon.sh &',
  };
  for (const [how, start] of Object.entries(left)) {
    test(`what a script left running ${how} gets SIGTERM, and the time that it needs`, async (t) => {
      const { server } = await apiWith(t, 'db-0');
      const pod = await container(t);
      await pod.write('daemon.sh', daemon);
      const script = await pod.write('start.sh', `cat >/dev/null; ${start}`);
      const flags = ['-on-start', script, '-on-change', script, '-service', 'db', ...server];
      const started = pod.start(flags);
      await pod.becomes('daemon', 'running\n');
      await started.until('the end of the script', () =>
        started.output.some((line) => /hook done/.test(line)),
      );
      started.signal('SIGTERM');
      assert.equal(await exitCode(started), 0, started.tail());
      assert.equal(pod.read('daemon'), 'running\ntold\nended\n');
    });
  }

  test('what a script writes passes as it is, also from what it left running when all has ended', async (t) => {
    const { server } = await apiWith(t, 'db-0');
    const pod = await container(t);
    const long = 'x'.repeat(10_000);
    const body = `cat >/dev/null; (until [ -e gone ]; do sleep 0.02; done; printf 'last \\377 word') &
      printf '%s' ${long}`;
    const script = await pod.write('start.sh', body);
    const init = [MAIN, 'peer-finder', '-on-start', script, '-service', 'db', ...server];
    const file = join(pod.directory, 'written');

    const out = openSync(file, 'w');
    const child = spawn(process.execPath, init, { env: pod.environment, stdio: ['ignore', out, 'ignore'] });
    closeSync(out);
    const [code] = await once(child, 'exit');
    assert.equal(code, 0);
    await writeFile(join(pod.directory, 'gone'), '');
    const whole = Buffer.concat([Buffer.from(`${long}last `), Buffer.from([0xff]), Buffer.from(' word')]);
    await eventually('the last word', () => readFileSync(file).equals(whole), quickly);
  });

  test('told to stop before the peers are known, it has not succeeded', async (t) => {
    const { server } = await apiWith(t, 'db-1');
    const pod = await container(t);
    const init = pod.start(['-on-start', pod.script('nacos-on-start.sh'), '-service', 'db', ...server]);
    await init.until('the wait for itself', () => init.output.some((line) => /until this pod is/.test(line)));
    init.signal('SIGTERM');
    assert.equal(await exitCode(init), 143);
    assert.equal(pod.has('cluster.conf'), false);
  });

  test('a start script that fails is run again, and only its success ends it', async (t) => {
    const { server } = await apiWith(t, 'db-0');
    const pod = await container(t);
    const script = await pod.write('second.sh', 'echo run >>runs; [ $(wc -l <runs) -ge 2 ]');
    const init = pod.start(['-on-start', script, '-service', 'db', ...server]);
    assert.equal(await exitCode(init), 0, init.tail());
    assert.equal(pod.read('runs'), 'run\nrun\n');
  });

  test('started under the name of peer-finder it is peer-finder', async (t) => {
    const { server } = await apiWith(t, 'db-0');
    const pod = await container(t);
    const link = join(pod.directory, 'peer-finder');
    await symlink(MAIN, link);
    const init = pod.start(
      ['-on-start', pod.script('nacos-on-start.sh'), '-service', 'db', ...server],
      {},
      link,
    );
    assert.equal(await exitCode(init), 0, init.tail());
    assert.equal(pod.read('cluster.conf'), `db-0.${DOMAIN}:8848\n`);
  });
});

test('a setting that can not be used is told by its flag with one dash', async (t) => {
  const pod = await container(t);
  const told = async (...argv: string[]) => {
    const started = pod.start(['-on-start', 'true', '-selector', 'app=db', ...argv]);
    assert.equal(await exitCode(started), 2);
    return started.tail();
  };
  const [outside, unreadable] = await Promise.all([
    told(),
    told('-server', 'https://127.0.0.1:1', '-token-file', '/none'),
  ]);
  assert.match(
    outside,
    /^rollcall: -selector: "app=db" needs the API: -server is missing and this is not a pod/,
  );
  assert.match(
    unreadable,
    /: -token-file: "\/none" can't be read \(ENOENT\); give a file that this user can read/,
  );
});
