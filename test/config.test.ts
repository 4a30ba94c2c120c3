import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseConfig, UsageError } from '../src/config.ts';
import { webhookSettings } from '../src/injector-options.ts';
import { flagOf, kebabCase, variableName } from '../src/setting.ts';
import { describeSettings } from '../src/settings-help.ts';
import { sidecarSettings } from '../src/sidecar-settings.ts';

const REQUIRED = ['--namespace', 'shop', '--service', 'db'];
const sidecar = (argv: string[] = [], environment: Record<string, string> = {}) =>
  parseConfig(sidecarSettings, [...REQUIRED, ...argv], environment);
const webhook = (argv: string[] = [], environment: Record<string, string> = {}) =>
  parseConfig(webhookSettings, ['--image', 'rollcall:0.2.0', ...argv], environment);

/** The sentence with which the settings are refused. */
function refusal(parse: () => unknown): string {
  try {
    parse();
  } catch (error) {
    assert.ok(error instanceof UsageError, String(error));
    return error.message;
  }
  return assert.fail('it was taken');
}

describe('a setting', () => {
  test('is that of the flag, else of the variable, else the default', () => {
    assert.equal(sidecar().port, 17655);
    assert.equal(sidecar([], { ROLLCALL_PORT: '1' }).port, 1);
    assert.equal(sidecar(['--port', '2'], { ROLLCALL_PORT: '1' }).port, 2);
    assert.equal(sidecar(['--port=3', '--port', '4']).port, 4, 'the last flag counts');
  });

  test('without a default may be absent', () => {
    const { server, tokenFile, podUid } = sidecar();
    assert.deepEqual([server, tokenFile, podUid], [undefined, undefined, undefined]);
    assert.equal(webhook().kubeconfig, undefined);
  });

  test('of several words is kebab-case as a flag and SNAKE_CASE as a variable', () => {
    assert.deepEqual(
      [kebabCase('tokenFile'), flagOf('tokenFile'), variableName('tokenFile')],
      ['token-file', '--token-file', 'ROLLCALL_TOKEN_FILE'],
    );
    assert.equal(sidecar(['--pod-uid', 'u'], {}).podUid, 'u');
    assert.equal(sidecar([], { ROLLCALL_POD_UID: 'v' }).podUid, 'v');
  });

  test('is not set by an empty variable, but by an empty flag', () => {
    assert.equal(sidecar([], { ROLLCALL_PORT: '', ROLLCALL_SERVER: '' }).port, 17655);
    assert.match(
      refusal(() => sidecar(['--port', ''])),
      /^--port: "" is not valid/,
    );
  });

  test('is not set by what the kubelet says of a Service called "rollcall"', () => {
    const links = {
      ROLLCALL_PORT: 'tcp://10.96.12.3:443',
      ROLLCALL_PORT_443_TCP: 'tcp://10.96.12.3:443',
      ROLLCALL_SERVICE_HOST: '10.96.12.3',
      ROLLCALL_SERVICE_PORT: '443',
    };
    const { port, service } = webhook([], links);
    assert.deepEqual([port, service], [8443, 'rollcall']);
    assert.equal(sidecar([], { ...links, ROLLCALL_PORT: 'udp://10.96.12.3:53' }).port, 17655);
  });

  test('can not be changed afterwards', () => {
    const config = sidecar() as { port: number };
    assert.throws(() => {
      config.port = 1;
    }, TypeError);
  });
});

describe('the defaults', () => {
  test('are those of the manifests', () => {
    const { port, namespace, service, configuration, secret } = webhook();
    assert.deepEqual(
      { port, namespace, service, configuration, secret },
      {
        port: 8443,
        namespace: 'rollcall-system',
        service: 'rollcall',
        configuration: 'rollcall',
        secret: 'rollcall-tls',
      },
    );
    assert.equal(sidecar().directory, '/run/rollcall');
  });

  test('are valid themselves', () => {
    for (const settings of [sidecarSettings, webhookSettings]) {
      for (const [key, setting] of Object.entries(settings)) {
        if ('default' in setting) assert.doesNotThrow(() => setting.parse(setting.default), key);
      }
    }
  });
});

describe('a value that is not valid is refused with key, value and remedy', () => {
  const bad: [argv: string[], environment: Record<string, string>, sentence: RegExp][] = [
    [
      ['--port', '65536'],
      {},
      /^--port: "65536" is not valid; give a whole number from 0 to 65535, or "off" for no port at all$/,
    ],
    [['--port', '80a'], {}, /^--port: "80a"/],
    [['--port', '1.5'], {}, /^--port: "1\.5"/],
    [['--port=-1'], {}, /^--port: "-1"/],
    [[], { ROLLCALL_PORT: 'http' }, /^ROLLCALL_PORT: "http" is not valid; give a whole number/],
    [['--server', 'api:6443'], {}, /^--server: "api:6443".* give a URL such as https:/],
    [['--server', 'file:///etc'], {}, /^--server: "file:\/\/\/etc"/],
    [['--service', 'My_DB'], {}, /^--service: "My_DB".*at most 63 lower-case letters, digits and "-"$/],
    [['--service', 'x'.repeat(64)], {}, /^--service: "x{64}"/],
    [['--namespace', '../kube-system'], {}, /^--namespace: /],
    [['--grace-seconds', '-5'], {}, /^--grace-seconds: "-5".*from 0 to 86400$/],
  ];
  for (const [argv, environment, sentence] of bad) {
    test([...argv, ...Object.entries(environment).flat()].join(' '), () => {
      assert.match(
        refusal(() => sidecar(argv, environment)),
        sentence,
      );
    });
  }
});

describe('a command line is refused', () => {
  test('without what is required, naming flag and variable', () => {
    const parse = () => parseConfig(sidecarSettings, ['--service', 'db'], {});
    const { doc } = sidecarSettings.namespace;
    assert.equal(refusal(parse), `--namespace is missing; give it, or set ROLLCALL_NAMESPACE (${doc})`);
    assert.match(
      refusal(() => parseConfig(webhookSettings, [], {})),
      /^--image is missing/,
    );
  });

  test('with an unknown flag, naming those that there are', () => {
    const sentence = refusal(() => sidecar(['--prot', '1']));
    const flags = Object.keys(sidecarSettings).map((key) => flagOf(key));
    assert.equal(sentence, `--prot is not a flag; there are ${flags.join(' ')}. Did you mean "--port"?`);
    for (const flag of ['--__proto__', '--constructor', '--no-port', '-p']) {
      assert.match(
        refusal(() => sidecar([flag])),
        /is not a flag/,
      );
    }
  });

  test('with a flag that lacks its value', () => {
    assert.equal(
      refusal(() => sidecar(['--port'])),
      '--port needs a value; give --port VALUE',
    );
  });

  test('with a word that belongs to no flag', () => {
    assert.equal(
      refusal(() => sidecar(['17655'])),
      '"17655" is not expected; settings are given as --flag value',
    );
  });
});

test('the help lists every setting with its doc and default', () => {
  for (const settings of [sidecarSettings, webhookSettings]) {
    const lines = describeSettings(settings).split('\n');
    assert.equal(lines.length, Object.keys(settings).length);
    for (const [index, [key, setting]] of Object.entries(settings).entries()) {
      const line = lines[index]!;
      assert.ok(line.startsWith(`  ${flagOf(key)} ${setting.value}  `), line);
      assert.ok(line.includes(setting.doc.replaceAll('`', '')), line);
      assert.ok(!line.includes('`'), 'a terminal shows no Markdown');
      if ('default' in setting) assert.ok(line.includes(`(default ${setting.default})`), line);
      if ('required' in setting) assert.ok(line.includes('(required)'), line);
    }
  }
});
