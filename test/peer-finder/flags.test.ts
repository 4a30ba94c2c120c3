/** peer-finder's command line, read without running anything. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { UsageError } from '../../src/config.ts';
import { flags, parseFlags } from '../../src/peer-finder/flags.ts';

const place = { environment: {}, namespace: 'shop', clusterDomain: 'cluster.local' };
const parse = (argv: string[], environment: Record<string, string> = {}) =>
  parseFlags(argv, { ...place, environment });

const WORKING = ['-on-start', '/start.sh', '-service', 'db'];

function refused(argv: string[], message: RegExp, environment?: Record<string, string>): void {
  assert.throws(
    () => parse(argv, environment),
    (error) => error instanceof UsageError && message.test(error.message),
  );
}

test('one dash or two, a blank or "=", the last one counts, and what is empty was not given', () => {
  const spelt = [
    ['-on-start', '/start.sh --now', '-service', 'db', '-ns', 'a'],
    ['--on-start=/start.sh --now', '--service=db', '--ns=a'],
    ['-on-start=/x', '-on-start=/start.sh --now', '-service=db', '-ns=a', '-selector=', '-domain', ''],
  ];
  for (const argv of spelt) {
    const options = parse(argv);
    assert.deepEqual(options.onStart, ['/start.sh', '--now']);
    assert.deepEqual(options.group, { namespace: 'a', service: 'db' });
    assert.equal(options.clusterDomain, 'cluster.local');
  }
});

test('the namespace is that of the flag, of POD_NAMESPACE, of the pod', () => {
  const namespace = (argv: string[], environment?: Record<string, string>) =>
    parse([...WORKING, ...argv], environment).group.namespace;
  assert.equal(namespace(['-ns', 'a'], { POD_NAMESPACE: 'b' }), 'a');
  assert.equal(namespace([], { POD_NAMESPACE: 'b' }), 'b');
  assert.equal(namespace([], { POD_NAMESPACE: '' }), 'shop');
});

test('a flag that does not exist is refused by its name, also where every object has that name', () => {
  for (const name of ['other', 'toString', 'constructor', '__proto__'])
    refused([...WORKING, `-${name}`, 'x'], new RegExp(`^-${name} is not a flag; there are -on-start `));
});

test('what peer-finder takes by default', () => {
  const { addressType, hostsFile, upstream, onChange } = parse(WORKING);
  assert.deepEqual(
    { addressType, hostsFile, onChange },
    { addressType: 'DNS', hostsFile: '/etc/hosts', onChange: undefined },
  );
  assert.deepEqual(upstream, { server: undefined, tokenFile: undefined, caFile: undefined });
});

test('every flag of its logging library is taken, told once, and takes no other flag along', () => {
  const switches = [
    '-logtostderr',
    '--alsologtostderr=true',
    '-skip_headers',
    '-one_output',
    '-add_dir_header',
  ];
  const valued = [
    '-v',
    '3',
    '-v=5',
    '-vmodule=a=2',
    '-log_dir',
    '/tmp',
    '-log_file=/x',
    '-stderrthreshold',
    'INFO',
  ];
  const more = ['-log_backtrace_at', 'a.go:1', '-log_file_max_size', '10', '-skip_log_headers=false'];
  const { group, ignored } = parse([...switches, ...valued, ...more, ...WORKING]);
  assert.equal(group.service, 'db');
  assert.equal(new Set(ignored).size, ignored.length);
  assert.ok(
    ['-v', '-vmodule', '-skip_headers', '-log_file_max_size'].every((flag) => ignored.includes(flag)),
  );
  assert.deepEqual(parse(WORKING).ignored, []);
});

test('-master is -server, and -kubeconfig is taken', () => {
  const argv = [...WORKING, '-kubeconfig', '/etc/kubeconfig', '-master', 'http://10.0.0.1'];
  assert.deepEqual(
    [parse(argv).kubeconfig, parse(argv).upstream.server],
    ['/etc/kubeconfig', 'http://10.0.0.1'],
  );
});

test('flags of its logging library are taken beside others', () => {
  const argv = [
    ...WORKING,
    '-v',
    '3',
    '-logtostderr',
    '--alsologtostderr=true',
    '-master',
    'http://10.0.0.1',
  ];
  assert.equal(parse(argv).upstream.server, 'http://10.0.0.1');
});

describe('a wrong flag is named with its value and what to give', () => {
  const cases: [argv: string[], message: RegExp][] = [
    [['-on-strat', 'x'], /^-on-strat is not a flag; there are -on-start -on-change -service/],
    [['-service', 'db'], /^-on-start and -on-change are missing; give the script/],
    [['-on-start', '/x'], /^-service is missing; give the headless Service of the pods, or their -selector$/],
    [['-on-start', '/x', '-service'], /^-service needs a value; give -service VALUE$/],
    [[...WORKING, 'more'], /^"more" is not expected; give -flag value/],
    [
      ['-on-start', '/x', '-service', 'db.shop'],
      /^-service: "db.shop" is not valid; give the name alone.*-ns$/,
    ],
    [['-on-start', '/x', '-selector', 'a={b}'], /^-selector: "a=\{b\}" is not valid; give a label selector/],
    [['-on-start', '/x | y', '-service', 'db'], /^-on-start: "\/x \| y" is not valid; .*sh -c/],
    [['-on-change', "/x 'y", '-service', 'db'], /^-on-change: .* is not valid; .*close it/],
    [[...WORKING, '-address-type', 'ip'], /^-address-type: "ip" is not valid; give DNS, IP, IPv4 or IPv6$/],
    [[...WORKING, '-domain', 'svc.cluster.local'], /^-domain: .*give the domain of the cluster alone/],
    [[...WORKING, '-ns', 'My_NS'], /^-ns: "My_NS" is not valid; give a name/],
    [[...WORKING, '-server', 'ftp://x'], /^-server: "ftp:\/\/x" is not valid; give a URL/],
    [[...WORKING, '-dns-server', 'dns'], /^-dns-server: "dns" is not valid; give an address such as/],
  ];
  for (const [argv, message] of cases) test(argv.join(' '), () => refused(argv, message));

  test('POD_NAMESPACE', () =>
    refused(WORKING, /^-ns \(POD_NAMESPACE\): "A" is not valid/, { POD_NAMESPACE: 'A' }));

  test('no namespace anywhere', () => {
    assert.throws(
      () => parseFlags(WORKING, { ...place, namespace: undefined }),
      /-ns is missing, and so is POD_NAMESPACE/,
    );
  });
});

test('every flag of peer-finder is there', () => {
  const own = ['on-start', 'on-change', 'service', 'ns', 'domain', 'selector', 'address-type', 'hosts-file'];
  assert.deepEqual(
    own.filter((name) => !(name in flags)),
    [],
  );
});

test('the log has messages from info on, or from the level that is given', () => {
  assert.equal(parse(WORKING).logLevel, 'info');
  assert.equal(parse([...WORKING, '-log-level=debug']).logLevel, 'debug');
  refused([...WORKING, '-log-level', 'all'], /^-log-level: "all" is not valid; give "debug", "info"/);
});
