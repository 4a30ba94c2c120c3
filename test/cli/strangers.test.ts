/** Files as strangers write them: each test is a kind of fault that a release has had. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parse } from '../../src/cli/document/parse.ts';
import { at, type Fields, type Path, type Value } from '../../src/cli/document/value.ts';
import { run, withoutAdvice } from './run.ts';

const ASKS = 'rollcall.dev/inject: "true", rollcall.dev/service: x';
const HEAD = `apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\n  annotations: {${ASKS}}\n`;
const CONTAINERS = '  containers:\n  - name: c\n    image: i\n';

const inject = async (input: string | Uint8Array, ...argv: string[]) =>
  withoutAdvice(await run('inject', ['-f', '-', '--no-access', ...argv], { input }));

/** Injected, with the value of the last document; and what uninject gives back is what was given. */
async function injected(
  input: string,
  ...argv: string[]
): Promise<{ out: string; value: Value; err: string }> {
  const { out, err, code } = await inject(input, ...argv);
  assert.equal(code, 0, err);
  assert.match(err, /: injected$/m);
  const back = await run('uninject', ['-f', '-'], { input: out });
  assert.equal(back.out, input);
  return { out, err, value: parse(out.split(/^---\n/m).at(-1)!).value };
}

async function refused(input: string): Promise<string> {
  const { out, err, code } = await inject(input);
  assert.deepEqual([out, code], ['', 1]);
  return err;
}

const env = (value: Value, name: string) => {
  const list = at(value, ['spec', 'initContainers', 0, 'env']) as Fields[];
  return list.find((one) => one.name === name)?.value;
};

describe('values are read by YAML 1.1', () => {
  test('a mode stays the octal number that kubectl reads, in whatever form it is printed', async () => {
    const input = `${HEAD}spec:\n  volumes:\n  - {name: k, secret: {secretName: s, defaultMode: 0400}}\n${CONTAINERS}`;
    const mode = ['spec', 'volumes', 0, 'secret', 'defaultMode'];
    assert.equal(at((await injected(input)).value, mode), 0o400);
    for (const format of ['yaml', 'json']) {
      const { out } = await inject(input, '-o', format);
      assert.equal(at(parse(out).value, mode), 256);
      assert.match(out, /256/);
    }
  });

  const booleans = ['yes', 'on', 'y', 'True', 'YES', '!!bool on'];
  for (const word of booleans) {
    test(`hostNetwork: ${word} is true`, async () => {
      assert.equal(
        env((await injected(`${HEAD}spec:\n  hostNetwork: ${word}\n${CONTAINERS}`)).value, 'ROLLCALL_PORT'),
        'off',
      );
    });
  }

  for (const [text, seconds] of [
    ['1_0', '5'],
    ['0x1E', undefined],
    ['010', '3'],
    ['0b1111', '10'],
  ] as const) {
    test(`a grace period of ${text} is a number`, async () => {
      const { value } = await injected(
        `${HEAD}spec:\n  terminationGracePeriodSeconds: ${text}\n${CONTAINERS}`,
      );
      assert.equal(env(value, 'ROLLCALL_GRACE_SECONDS'), seconds);
    });
  }

  test('what is remembered comes back as it was written', async () => {
    const { value } = await injected(
      `${HEAD}spec:\n  automountServiceAccountToken: yes # as ever\n${CONTAINERS}`,
    );
    assert.equal(at(value, ['spec', 'automountServiceAccountToken']), false);
  });

  test('texts that look like numbers or words stay texts, and large numbers keep their digits', async () => {
    const texts = ['yes', '0400', '1_000', '0o7', '~', '1e3', 'n', '+1', '1:30', '\u2028', '\u0085'];
    const written = JSON.stringify(texts).replace('\u2028', '\\L').replace('\u0085', '\\N');
    const input = `${HEAD}spec:\n  big: 9007199254740993\n  args: ${written}\n${CONTAINERS}`;
    const yaml = await inject(input, '-o', 'yaml');
    assert.deepEqual(at(parse(yaml.out).value, ['spec', 'args']), texts);
    assert.equal(at(parse(yaml.out).value, ['spec', 'big']), 9007199254740993n);
    assert.match((await inject(input, '-o', 'json')).out, /"big": 9007199254740993,/);
  });
});

describe('an annotation without quotes is refused with the advice to quote it', () => {
  for (const word of ['off', 'on', 'yes', 'y', 'no', 'n', 'false', '1_0', '0400', '1.0']) {
    test(word, async () => {
      const err = await refused(
        `${HEAD.replace(ASKS, `${ASKS}, rollcall.dev/port: ${word}`)}spec:\n${CONTAINERS}`,
      );
      assert.ok(err.includes(`annotation rollcall.dev/port: ${word} is a `), err);
      assert.ok(err.includes(`write "${word}" with quotes`), err);
    });
  }

  test('also one of a Namespace, which the API server would refuse', async () => {
    const namespace =
      'apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, annotations: {rollcall.dev/wait-for: 3}}\n';
    const err = await refused(`${namespace}---\n${HEAD}spec:\n${CONTAINERS}`);
    assert.match(
      err,
      /^namespace\/shop: refused \(bad-value\): annotation rollcall\.dev\/wait-for: 3 is a number/m,
    );
  });
});

describe('null is not absence', () => {
  const nulls = ['', ' ', ' ~', ' null', ' Null', ' NULL', ' # none yet', ' ~ # none yet', ' !!null null'];
  for (const nothing of nulls) {
    test(`the lines of "key:${nothing}" stay`, async () => {
      const spec = `spec:\n  volumes:${nothing}\n  initContainers:${nothing}\n  containers:\n  - name: c\n    volumeMounts:${nothing}\n    image: i\n  serviceAccountName:${nothing}\n`;
      const { out } = await injected(HEAD + spec);
      const comment = /#.*/.exec(nothing)?.[0];
      if (comment !== undefined) assert.ok(out.split(comment).length >= spec.split(comment).length);
    });
  }

  test('in brackets, in JSON, and of metadata', async () => {
    await injected(
      `${HEAD}spec: {volumes: , initContainers: null, containers: [{name: c, volumeMounts: ~}]}\n`,
    );
    await injected(
      `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p","annotations":{"rollcall.dev/inject":"true","rollcall.dev/service":"x"}},` +
        '"spec":{"volumes":null,"containers":[{"name":"c","volumeMounts":null}]}}\n',
    );
    const template = `metadata:\n      # nothing\n    spec:\n      subdomain: x\n      containers: [{name: c}]\n`;
    const deployment = `apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\nspec:\n  template:\n    ${template}`;
    await injected(deployment, '--all');
    await injected(deployment.replace('# nothing', 'annotations: # nothing'), '--all');
  });

  test('what is written below a key without a value stays below it', async () => {
    const { out } = await injected(`${HEAD}spec:\n  volumes:\n    # - name: data\n${CONTAINERS}`);
    assert.match(out, /\n {2}volumes:\n {4}# - name: data\n {2}- name: rollcall\n/);
  });
});

describe('what kubectl reads is read, and what does not ask passes', () => {
  const asking = `${HEAD}spec:\n${CONTAINERS}`;
  const odd: [what: string, document: string][] = [
    ['quoted text that goes on at the margin', "apiVersion: v1\nkind: ConfigMap\ndata:\n  a: 'one\ntwo'\n"],
    ['a key twice', 'apiVersion: v1\nkind: ConfigMap\ndata: {k: a, k: b}\n'],
    ['a template that is not rendered', '{{ if .x }}\na: {{ .Values.b }}\n{{ end }}\n'],
    ['no YAML at all', 'a: [\n- }\n\t x: "\n'],
    ['a lone CR', 'apiVersion: v1\rkind: ConfigMap\n'],
    ['brackets at the margin', 'a: {\n"b": [\n1\n]\n}\n'],
    ['tabs in brackets', 'a: [\n\t"b",\n\t"c"\n]\n'],
    ['nothing', '# only this\n'],
    [
      'aliases of aliases',
      `a: &a [x]\n${'bcdefghij'.replace(/./g, (key, index) => `${key}: &${key} [${`*${'abcdefghij'[index]},`.repeat(9)}]\n`)}`,
    ],
    ['a line separator', 'a: "b\u2028c"\n'],
  ];
  for (const [what, document] of odd) {
    test(`${what}: beside a pod that is injected`, async () => {
      for (const input of [`${document}---\n${asking}`, `${asking}---\n${document}`]) {
        const { out, code } = await inject(input);
        assert.equal(code, 0);
        assert.ok(out.includes(document));
        assert.equal((await run('uninject', ['-f', '-'], { input: out })).out, input);
      }
    });
  }

  const readable: [what: string, spec: string][] = [
    ['quoted text that goes on at the margin', `${CONTAINERS}    command: ["one\ntwo", 'three\n\nfour']\n`],
    ['quoted text in a block', `  x: 'one\ntwo'\n${CONTAINERS}`],
    ['brackets that close at the margin', `${CONTAINERS}    args: [\n"a",\n"b"\n]\n`],
    ['tabs in brackets', `${CONTAINERS}    args: [\n\t"a",\t"b" ]\n`],
    ['tabs before comments', `  hostPID: false\t# no\n${CONTAINERS}`],
    ['a comment without a blank', `  x: 'y'# z\n${CONTAINERS}    args: ["a"]# b\n`],
    ['a key twice', `  hostPID: true\n  hostPID: false\n${CONTAINERS}`],
    ['explicit keys', `  ? hostPID\n  : false\n${CONTAINERS}`],
    ['an end of the document', `${CONTAINERS}...\n`],
  ];
  for (const [what, spec] of readable) {
    test(`${what}: in a pod that is injected`, async () => {
      await injected(`${HEAD}spec:\n${spec}`);
    });
  }

  test('lone CRs, in all of it', async () => {
    const { out } = await inject(asking.replaceAll('\n', '\r'));
    assert.ok(!out.includes('\n'));
    assert.equal((await run('uninject', ['-f', '-'], { input: out })).out, asking.replaceAll('\n', '\r'));
  });

  test('what can not be read and asks is refused with the line', async () => {
    assert.match(await refused(`${asking}  x: [\n`), /^rollcall: stdin:\d+: /);
    assert.match(await refused(`${asking}  x: .inf\n`), /\.inf is no number that kubectl can send/);
    assert.match(await refused(`${asking}  x: *nobody\n`), /\*nobody stands for nothing/);
    assert.match(await refused(`${asking}  x: a\u2028b\n`), /^rollcall: stdin:10: a line separator/);
    assert.match(
      await refused(`a: 1\n...\n${asking}`),
      /^rollcall: stdin:3: .*write --- in a line before it/,
    );
  });

  test('JSON after empty lines comes back with them', async () => {
    const input =
      '\n {"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","annotations":{"rollcall.dev/inject":"true",' +
      '"rollcall.dev/service":"x"}},"spec":{"containers":[{"name":"c"}]}}\n\n';
    const { out } = await run('inject', ['-f', '-'], { input });
    assert.equal(parse(out).json, true);
    assert.equal((await run('uninject', ['-f', '-'], { input: out })).out, input);
  });

  test('JSON objects one after another, with or without blanks, and by the rules of JSON', async () => {
    const pod = (name: string) =>
      `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"${name}","annotations":{"rollcall.dev\\/inject":"true",` +
      '"rollcall.dev/service":"x"}},"spec":{"containers":[{"name":"c","image":"\\ud83d\\ude00"}]}}';
    const map = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"one"}}';
    for (const input of [`${map}\n${map}\n`, `${map}${map}`]) assert.equal((await inject(input)).out, input);
    for (const input of [
      `${map}\n${pod('a')}\n${pod('b')}\n`,
      `${pod('a')}${map}`,
      ` ${pod('a')}\n\n ${map}`,
    ]) {
      for (const access of [[], ['--no-access']]) {
        const { out, err } = await run('inject', ['-f', '-', ...access], { input });
        assert.match(err, /pod\/a: injected/);
        assert.doesNotMatch(out, /---/);
        assert.equal((await run('uninject', ['-f', '-'], { input: out })).out, input);
      }
    }
  });
});

describe('embedded pod templates', () => {
  const object = (apiVersion: string, kind: string, spec: string) =>
    `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: {name: r}\nspec: ${spec}\n`;
  const template = `{metadata: {annotations: {${ASKS}}}, spec: {containers: [{name: c, image: i}]}}`;
  const found: [kind: string, input: string, paths: Path[]][] = [
    ['Rollout', object('argoproj.io/v1alpha1', 'Rollout', `{template: ${template}}`), [['template']]],
    ['CloneSet', object('apps.kruise.io/v1alpha1', 'CloneSet', `{template: ${template}}`), [['template']]],
    [
      'DeploymentConfig',
      object('apps.openshift.io/v1', 'DeploymentConfig', `{template: ${template}}`),
      [['template']],
    ],
    [
      'Volcano Job',
      object(
        'batch.volcano.sh/v1alpha1',
        'Job',
        `{tasks: [{name: a, template: ${template}}, {name: b, template: ${template}}]}`,
      ),
      [
        ['tasks', 0, 'template'],
        ['tasks', 1, 'template'],
      ],
    ],
    [
      'JobSet',
      object(
        'jobset.x-k8s.io/v1alpha2',
        'JobSet',
        `{replicatedJobs: [{template: {spec: {template: ${template}}}}]}`,
      ),
      [['replicatedJobs', 0, 'template', 'spec', 'template']],
    ],
    [
      'LeaderWorkerSet',
      object(
        'leaderworkerset.x-k8s.io/v1',
        'LeaderWorkerSet',
        `{leaderWorkerTemplate: {leaderTemplate: ${template}, workerTemplate: ${template}}}`,
      ),
      [
        ['leaderWorkerTemplate', 'leaderTemplate'],
        ['leaderWorkerTemplate', 'workerTemplate'],
      ],
    ],
    [
      'a kind of tomorrow',
      object('example.com/v1', 'X', `{groups: {a: {podTemplate: ${template}}}}`),
      [['groups', 'a', 'podTemplate']],
    ],
  ];
  for (const [kind, input, paths] of found) {
    test(`${kind} is injected, and explained`, async () => {
      const { value } = await injected(input);
      for (const path of paths)
        assert.equal(at(value, ['spec', ...path, 'spec', 'initContainers', 0, 'name']), 'rollcall');
      const explained = await run('explain', ['-f', '-', '-o', 'json'], { input });
      assert.equal((JSON.parse(explained.out) as unknown[]).length, paths.length);
    });
  }

  const warned: [kind: string, input: string, why: RegExp][] = [
    [
      'Knative Service',
      object('serving.knative.dev/v1', 'Service', `{template: ${template}}`),
      /Knative refuses .*the webhook/,
    ],
    [
      'a template that its controller completes',
      object('example.com/v1', 'X', `{podTemplate: ${template.replace(', image: i', '')}}`),
      /its containers have no image/,
    ],
    [
      'a VirtualMachine, whose template has no containers',
      object(
        'kubevirt.io/v1',
        'VirtualMachine',
        `{template: {metadata: {annotations: {${ASKS}}}, spec: {domain: {}}}}`,
      ),
      /in spec\.template\.metadata\.annotations: not injected here, since there is no pod template with containers/,
    ],
    [
      'annotations for pods elsewhere',
      object('example.com/v1', 'X', `{podMetadata: {annotations: {${ASKS}}}}`),
      /in spec\.podMetadata\.annotations/,
    ],
    [
      'a manifest inside of another',
      object(
        'example.com/v1',
        'X',
        `{manifest: {apiVersion: apps/v1, kind: Deployment, spec: {template: ${template}}}}`,
      ),
      /a manifest inside of another; inject that Deployment by itself/,
    ],
    [
      'a Service',
      `apiVersion: v1\nkind: Service\nmetadata: {name: r, annotations: {${ASKS}}}\n`,
      /says nothing about pods there/,
    ],
  ];
  for (const [kind, input, why] of warned) {
    test(`${kind} is warned of`, async () => {
      const { out, err, code } = await inject(input);
      assert.deepEqual([out, code], [input, 0]);
      assert.match(err, /^\w+\/r: warning: rollcall\.dev\/inject in /);
      assert.match(err, why);
    });
  }

  test('what does not ask is not warned of', async () => {
    const { err } = await inject(
      object('example.com/v1', 'X', '{podTemplate: {spec: {containers: [{name: c}]}}}'),
    );
    assert.doesNotMatch(err, /warning/);
  });
});

describe('encodings', () => {
  const text = `${HEAD}spec:\n${CONTAINERS}  x: Köln 😀\n`;
  const utf16le = Buffer.from(`\uFEFF${text}`, 'utf16le');
  const encoded: [name: string, bytes: Uint8Array][] = [
    ['UTF-8 with a mark', Buffer.from(`\uFEFF${text}`)],
    ['UTF-16, little end first', utf16le],
    ['UTF-16, big end first', Buffer.from(utf16le).swap16()],
  ];
  for (const [name, bytes] of encoded) {
    test(`${name} is read by its mark, and written like it`, async () => {
      const { bytes: out, err } = await inject(bytes);
      assert.match(err, /pod\/p: injected/);
      assert.deepEqual([...out.subarray(0, 2)], [...bytes.subarray(0, 2)]);
      const back = await run('uninject', ['-f', '-'], { input: out });
      assert.equal(Buffer.compare(back.bytes, bytes), 0);
    });
  }

  const wrong: [name: string, bytes: Uint8Array, says: RegExp][] = [
    [
      'Latin-1',
      Buffer.from('a: 1\nb: caf\xe9\n', 'latin1'),
      /^rollcall: stdin:2: the byte 0xe9 is not UTF-8; save the file as UTF-8/,
    ],
    ['a cut character', Buffer.from('a: \xe2\x82', 'latin1'), /stdin:1: the byte 0xe2 is not UTF-8/],
    ['UTF-16 without a mark', Buffer.from('a: 1\n', 'utf16le'), /zero bytes, as UTF-16 does/],
    ['UTF-32', Buffer.from([0xff, 0xfe, 0, 0, 0x61, 0, 0, 0]), /UTF-32, which kubectl does not read/],
    ['half of a pair', Buffer.from([0xff, 0xfe, 0x00, 0xd8]), /not all UTF-16LE/],
  ];
  for (const [name, bytes, says] of wrong) {
    test(`${name} is refused, and no byte replaced`, async () => {
      const { out, err, code } = await inject(bytes);
      assert.deepEqual([out, code], ['', 1]);
      assert.match(err, says);
    });
  }
});

describe('what stands beside what is added', () => {
  test('anchors, aliases and merge keys come back', async () => {
    const { out } = await injected(
      `${HEAD}spec:\n  initContainers:\n  - &b {name: prep, image: i, volumeMounts: &m [{name: d, mountPath: /d}]}\n` +
        '  volumes: [{name: d, emptyDir: {}}]\n  containers:\n  - <<: *b\n    name: c\n  - name: e\n    image: i\n    volumeMounts: *m\n',
    );
    assert.match(out, /&b \{name: prep/);
    assert.match(out, /<<: \*b/);
  });

  test('of a merge key and a key above it, the merge key counts, as for kubectl', () => {
    const value = parse('b: &b {a: 2, c: 3}\nd:\n  a: 1\n  <<: *b\n  c: 4\n').value;
    assert.deepEqual(at(value, ['d']), { a: 2, c: 4 });
  });

  const comments = [
    '    # resources:\n    #   limits: 1\n',
    '#    resources:\n',
    '\n    # after a blank line\n',
    '  # - name: second\n',
  ];
  for (const comment of comments) {
    test(`a trailing comment stays with its container: ${JSON.stringify(comment)}`, async () => {
      const { out } = await injected(`${HEAD}spec:\n${CONTAINERS}${comment}`);
      const [at, next] = [out.indexOf(comment), out.indexOf('\n  initContainers:')];
      assert.ok(at !== -1 && at < next, out);
      assert.ok(out.indexOf('image: i') < at && out.slice(at).includes('serviceAccountName'));
    });
  }

  test('a comment at the end of the document stays at its end', async () => {
    const { out } = await injected(`${HEAD}spec:\n${CONTAINERS}\n# the end\n`);
    assert.ok(out.endsWith('\n# the end\n'));
  });

  test('a document on the line of its marker stays there', async () => {
    const input = `--- {apiVersion: v1, kind: Pod, metadata: {name: p, annotations: {${ASKS}}}, spec: {containers: [{name: c}]}}\n`;
    for (const argv of [[], ['--no-access']]) {
      const { out } = await run('inject', ['-f', '-', ...argv], { input });
      assert.equal((await run('uninject', ['-f', '-'], { input: out })).out, input);
    }
  });

  test('Lists within Lists, and containers without a name, keep their text', async () => {
    const pod = `{apiVersion: v1, kind: Pod, metadata: {name: p, annotations: {${ASKS}}}, spec: {containers: [{image: i}]}} # own`;
    const { out, err } = await injected(
      `apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: List # inner\n  items:\n  - ${pod}\n`,
    );
    assert.doesNotMatch(err, /anew/);
    assert.match(out, /kind: List # inner\n/);
    assert.match(out, / # own\n$/);
  });
});

describe('values by their grammar', () => {
  const withKey = (line: string, spec = '') =>
    `${HEAD.replace(ASKS, `${ASKS}, ${line}`)}spec:\n${spec}${CONTAINERS}`;

  test('a selector of two words is refused with its key', async () => {
    const input = `${HEAD.replace(ASKS, 'rollcall.dev/inject: "true", rollcall.dev/selector: "app=db role=main"')}spec:\n${CONTAINERS}`;
    assert.match(
      await refused(input),
      /annotation rollcall\.dev\/selector: "app=db role=main" is not valid; .*no comma before "role"/,
    );
  });

  test('Windows by the older label', async () => {
    const input = `${HEAD}spec:\n  nodeSelector: {beta.kubernetes.io/os: windows}\n${CONTAINERS}`;
    assert.match(await refused(input), /refused \(windows\)/);
  });

  test('a mount around ours that is read-only, and a device in its place', async () => {
    const around = `${HEAD}spec:\n${CONTAINERS}    volumeMounts: [{name: v, mountPath: /run, readOnly: true}]\n`;
    assert.match(
      await refused(around),
      /refused \(mount-path-taken\): .*give rollcall\.dev\/mount-path another folder/,
    );
    const device = `${HEAD}spec:\n${CONTAINERS}    volumeDevices: [{name: v, devicePath: //run/rollcall}]\n`;
    assert.match(await refused(device), /refused \(mount-path-taken\)/);
  });

  test('a port that a container has, and a target that is the sidecar', async () => {
    const ports = '    ports: [{containerPort: 8080}]\n';
    assert.match(
      await refused(withKey('rollcall.dev/port: "8080"') + ports),
      /annotation rollcall\.dev\/port: "8080" is a port of container "c"; write another/,
    );
    assert.match(
      await refused(withKey('rollcall.dev/notify: "http://127.0.0.1:17655/x"')),
      /leads to the sidecar itself/,
    );
    await injected(
      withKey('rollcall.dev/port: "8081", rollcall.dev/notify: "http://127.0.0.1:8080/x"') + ports,
    );
  });

  test('an amount is said back as it counts', async () => {
    const input = withKey('rollcall.dev/memory-limit: "128"');
    assert.match(
      (await inject(input)).err,
      /warning: annotation rollcall\.dev\/memory-limit: "128" counts as 48Mi$/m,
    );
    const { out } = await run('explain', ['-f', '-'], { input });
    assert.match(out, /rollcall\.dev\/memory-limit +128, which counts as 48Mi \(pod\)/);
    assert.doesNotMatch((await inject(withKey('rollcall.dev/memory-limit: "134217728"'))).err, /counts as/);
  });

  const misshapen: [line: string, place: string][] = [
    ['  volumes: {a: b}\n', 'spec.volumes has to be a list'],
    ['  volumes: [{name: 1}]\n', 'spec.volumes[0].name has to be a text'],
    ['  initContainers: x\n', 'spec.initContainers'],
    ['  nodeSelector: [a]\n', 'spec.nodeSelector has to be a map'],
    ['  serviceAccountName: 1\n', 'spec.serviceAccountName has to be a text'],
  ];
  for (const [line, place] of misshapen) {
    test(`a part of another type is refused with its place, and nothing breaks: ${line.trim()}`, async () => {
      const input = `${HEAD}spec:\n${line}${CONTAINERS}`;
      const { out, err, code } = await inject(input);
      // What is no list of containers makes it no pod template, and what asks is warned of.
      if (code === 0) assert.deepEqual([out, /warning|no pod/.test(err)], [input, true]);
      else assert.ok(err.includes(place), err);
      assert.equal((await run('uninject', ['-f', '-'], { input })).out, input);
      assert.equal((await run('explain', ['-f', '-'], { input })).code, 0);
    });
  }

  test('a container with parts of another type is refused with its place', async () => {
    for (const line of [
      'ports: 80',
      'volumeMounts: {a: b}',
      'volumeMounts: [{name: a}]',
      'resources: 1',
      'name: 1',
    ]) {
      assert.match(await refused(`${HEAD}spec:\n${CONTAINERS}    ${line}\n`), /: spec\.containers\[0\]\.\w+/);
    }
  });

  test('an empty namespace is none', async () => {
    const { err } = await inject(
      `${HEAD.replace('name: p', 'name: p\n  namespace: ""')}spec:\n${CONTAINERS}`,
    );
    assert.match(err, /^pod\/p: injected$/m);
  });
});

describe('identity', () => {
  const projected =
    '  volumes: [{name: vault, projected: {sources: [{serviceAccountToken: {path: t, audience: vault}}]}}]\n';

  test('a pod that projects a token of its own keeps its account, and its author hears of it', async () => {
    for (const volumes of [projected, '  volumes: [{name: vault, csi: {driver: x}}]\n']) {
      const { value, err } = await injected(`${HEAD}spec:\n${volumes}${CONTAINERS}`);
      assert.equal(at(value, ['spec', 'serviceAccountName']), undefined);
      assert.match(
        err,
        /warning: volume "vault" shows the account "default" .*rollcall\.dev\/service-account: "keep"/,
      );
    }
  });

  test('unless it says that the account is to be replaced, or to be kept', async () => {
    const saying = (word: string) =>
      `${HEAD.replace(ASKS, `${ASKS}, rollcall.dev/service-account: ${word}`)}spec:\n${projected}${CONTAINERS}`;
    const scoped = await injected(saying('scoped'));
    assert.equal(at(scoped.value, ['spec', 'serviceAccountName']), 'rollcall-watcher');
    for (const { err } of [scoped, await injected(saying('keep'))])
      assert.doesNotMatch(err, /shows the account/);
  });

  const advice =
    /^rollcall: imagePullSecrets that only the old account has do not reach pod\/p; .*service-account: "keep"$/m;
  const said = (input: string, ...argv: string[]) => run('inject', ['-f', '-', ...argv], { input });
  const account = (name: string, rest: string) =>
    `apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: ${name}}\n${rest}---\n`;
  const pod = `${HEAD}spec:\n${CONTAINERS}`;

  test('imagePullSecrets of the account that is replaced: how to keep them is said', async () => {
    assert.match((await said(pod)).err, advice);
    assert.doesNotMatch(
      (await said(`${HEAD}spec:\n  imagePullSecrets: [{name: s}]\n${CONTAINERS}`)).err,
      advice,
    );
    assert.doesNotMatch((await said(`${HEAD}spec:\n  serviceAccountName: mine\n${CONTAINERS}`)).err, advice);
    assert.doesNotMatch((await said(account('default', '') + pod)).err, advice);
  });

  test('of an account that is in the input they are kept', async () => {
    const input = account('default', 'imagePullSecrets: [{name: s}]\n') + pod;
    const { out, err } = await said(input);
    assert.doesNotMatch(err, advice);
    assert.match(
      out,
      /name: rollcall-watcher\n(?: .*\n)*automountServiceAccountToken: false\nimagePullSecrets:\n +- name: s\n/,
    );
    assert.equal((await run('uninject', ['-f', '-'], { input: out })).out, input);
  });
});

describe('what is told acts on no terminal', () => {
  const acts = /[\p{Cc}\p{Bidi_Control}]/u;
  const sly = '\\e[2J\\e]0;x\\a\\x9b2J\\u202e\\r\\n';
  const asking =
    `apiVersion: v1\nkind: Pod\nmetadata:\n  name: "p${sly}"\n  namespace: "n${sly}"\n  annotations: {${ASKS}, ` +
    `rollcall.dev/on-change: "echo ${sly}", "rollcall.dev/x${sly}": "y"}\n`;
  const inputs: [what: string, input: string][] = [
    ['a pod that is injected', `${asking}spec:\n${CONTAINERS}`],
    ['a pod that is refused', `${asking.replace('service: x', `service: "x${sly}"`)}spec:\n${CONTAINERS}`],
    ['a container with a name of that kind', `${asking}spec:\n  containers: [{name: "c${sly}", ports: 1}]\n`],
    [
      'what is no pod',
      `apiVersion: v1\nkind: "Service${sly}"\nmetadata: {name: r, annotations: {${ASKS}}}\n`,
    ],
    ['what can not be read', `${asking}spec: {a: *"${sly}"}\n`],
  ];
  for (const [what, input] of inputs) {
    for (const command of ['inject', 'uninject', 'explain'] as const) {
      test(`${command}: ${what}`, async () => {
        const image = command === 'uninject' ? [] : ['--shell-image', 'r:1'];
        const { out, err } = await run(command, ['-f', '-', ...image], { input });
        const told = command === 'explain' ? out + err : err;
        if (command !== 'uninject') assert.notEqual(told, '');
        for (const line of told.split('\n')) assert.doesNotMatch(line, acts);
        if (command !== 'explain' || out === '') return;
        const json = await run(command, ['-f', '-', '-o', 'json', ...image], { input });
        for (const line of json.out.split('\n')) assert.doesNotMatch(line, acts);
        assert.equal(JSON.parse(json.out).length, 1);
      });
    }
  }
});
