/** Scripts after the pattern of public charts, unmodified, run as a sidecar and as an init container. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import {
  apiWith,
  container,
  DOMAIN,
  exitCode,
  hostsOf,
  quickly,
  sideBySide,
  UNTIL_TERM,
} from './container.ts';

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
