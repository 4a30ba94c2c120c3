/** Documents with pods, as strangers bring them: odd scalars, nulls, anchors, styles, line ends, encodings. */
import { keys } from '../../src/inject/annotations.ts';
import type { Random } from '../simulation/random.ts';
import { type Written, written } from './odd-writing.ts';

const NULLS = ['', '~', 'null', 'Null', 'NULL', '!!null null'];
const BOOLEANS = ['yes', 'no', 'on', 'off', 'y', 'N', 'True', 'FALSE', 'true', 'false', 'Yes', '!!bool on'];
const INTEGERS = ['8080', '0400', '0o17', '0x1F', '0b11', '1_000', '08', '+80', '30', '0', '017655', '17655'];
const NUMBERS = [
  ...INTEGERS,
  '1e3',
  '.5',
  '1.50',
  '-0',
  '9007199254740993',
  '1.0',
  '18446744073709551615',
  '1_0.5',
];
const TEXTS = [
  'yes',
  'one two',
  'null',
  '1:30',
  "it's",
  'a: b',
  'a #b',
  'q"q',
  '0400',
  '$(X)',
  'Grüße aus Köln',
  'tab\there',
  '😀 x',
  '',
  ' lead',
  '{{ x }}',
  '~',
  'line\nline',
];
const ODD_PLAIN = [
  '1:30',
  '2001-01-01',
  'a@b',
  'http://x:1/y',
  'x#y',
  'a:b',
  'yEs',
  '0o8',
  '1e400',
  'é',
  '<<',
  '=',
  '!!str 1',
];

export interface OddDocument {
  name: string;
  bytes: Uint8Array;
}

/** One document, whose objects have names that begin with `name`. */
export function oddDocument(name: string, random: Random): OddDocument {
  const text = random.chance(0.15) ? json(name, random) : yaml(name, random);
  return { name, bytes: encoded(text, random) };
}

function yaml(name: string, random: Random): string {
  const text = new Pods(random).document(name);
  const head = random.pick([
    '',
    '',
    '',
    '---\n',
    '--- # one\n',
    '# first\n',
    '\n',
    '# first\n---\n',
    '---\n# inside\n',
  ]);
  const body =
    head + written(text, random) + random.pick(['', '', '', '', '...\n', '# last\n', '\n\n', '---\n']);
  const ended = random.chance(0.1) ? body.replace(/\n+$/, '') : body;
  return ended.replaceAll('\n', random.pick(['\n', '\n', '\n', '\n', '\r\n', '\r']));
}

function json(name: string, random: Random): string {
  const value = plain(new Pods(random, true).document(name));
  const text = JSON.stringify(value, null, random.pick(['', '', 2, 4, '\t']));
  const odd = random.chance(0.2) ? text.replace('"spec"', '"spec":1,"spec"') : text;
  return odd.replaceAll('/', random.pick(['/', '/', '\\/'])) + random.pick(['', '\n', ' \n\n']);
}

function plain(node: Written): unknown {
  if ('map' in node) return Object.fromEntries(node.map.map(([key, value]) => [key, plain(value)]));
  if ('list' in node) return node.list.map(plain);
  return 'text' in node ? node.text : (JSON.parse(node.raw) as unknown);
}

function encoded(text: string, random: Random): Uint8Array {
  const kind = random.weighted([
    [20, 'utf8'],
    [2, 'bom'],
    [1, 'le'],
    [1, 'be'],
  ] as const);
  if (kind === 'utf8') return Buffer.from(text);
  if (kind === 'bom') return Buffer.from(`\uFEFF${text}`);
  const bytes = Buffer.from(`\uFEFF${text}`, 'utf16le');
  return kind === 'le' ? bytes : bytes.swap16();
}

const map = (...entries: [string, Written][]): Written => ({ map: entries });
const text = (value: string): Written => ({ text: value });

class Pods {
  readonly #random: Random;
  readonly #json: boolean;
  #anchors = 0;
  /** Mounts that may be taken by an alias. */
  #mounts: string | undefined;

  constructor(random: Random, isJson = false) {
    this.#random = random;
    this.#json = isJson;
  }

  document(name: string): Written {
    const random = this.#random;
    if (!random.chance(0.1)) return this.#object(name);
    const items = Array.from({ length: random.integer(1, 3) }, (_, index) =>
      this.#object(`${name}-${index}`),
    );
    return map(['apiVersion', text('v1')], ['kind', text('List')], ['items', { list: items }]);
  }

  #object(name: string): Written {
    const pod = () => this.#template();
    const kinds: (() => [string, string, [string, Written][]])[] = [
      () => [
        'apps/v1',
        'Deployment',
        [['spec', map(['replicas', this.#raw(INTEGERS)], ['template', pod()])]],
      ],
      () => [
        'batch/v1',
        'CronJob',
        [['spec', map(['jobTemplate', map(['spec', map(['template', pod()])])])]],
      ],
      () => ['argoproj.io/v1alpha1', 'Rollout', [['spec', map(['template', pod()])]]],
      () => [
        'batch.volcano.sh/v1alpha1',
        'Job',
        [['spec', map(['tasks', { list: [map(['template', pod()]), map(['template', pod()])] }])]],
      ],
    ];
    if (this.#random.chance(0.4)) {
      const { map: entries } = pod() as { map: [string, Written][] };
      const metadata = entries.find(([key]) => key === 'metadata')?.[1] as { map: [string, Written][] };
      metadata.map.unshift(['name', text(name)]);
      return map(['apiVersion', text('v1')], ['kind', text('Pod')], ...entries);
    }
    const [apiVersion, kind, rest] = this.#random.pick(kinds)();
    return map(
      ['apiVersion', text(apiVersion)],
      ['kind', text(kind)],
      ['metadata', map(['name', text(name)])],
      ...rest,
    );
  }

  #template(): Written {
    const random = this.#random;
    const asks: [string, Written][] = random.chance(0.9) ? [[keys.inject.key, text('true')]] : [];
    const more: [string, Written][] = random.chance(0.3) ? [['example.com/a', text(random.pick(TEXTS))]] : [];
    const annotations = map(...asks, [keys.service.key, text('db')], ...more);
    const labels: [string, Written][] = random.chance(0.3) ? [['labels', map(['app', text('db')])]] : [];
    return map(['metadata', map(...labels, ['annotations', annotations])], ['spec', this.#spec()]);
  }

  #spec(): Written {
    this.#mounts = undefined;
    const entries: [string, Written][] = [];
    const maybe = (probability: number, key: string, value: () => Written) => {
      if (this.#random.chance(probability)) entries.push([key, value()]);
    };
    maybe(0.2, 'hostNetwork', () => this.#raw(BOOLEANS, ['true', 'false']));
    maybe(0.2, 'terminationGracePeriodSeconds', () => this.#raw(INTEGERS, ['30', '5']));
    maybe(0.2, 'serviceAccountName', () => text(this.#random.pick(['default', 'mine'])));
    maybe(0.2, 'automountServiceAccountToken', () => this.#raw(BOOLEANS, ['true', 'false']));
    maybe(0.1, 'nodeSelector', () => this.#nothing());
    maybe(0.4, 'initContainers', () => this.#maybeNothing(() => this.#containers('init')));
    maybe(0.1, 'x-odd', () => this.#anything(2));
    maybe(1, 'containers', () => this.#containers('c'));
    maybe(0.4, 'volumes', () => this.#maybeNothing(() => this.#volumes()));
    maybe(0.1, 'tolerations', () => this.#nothing());
    const last = this.#random.chance(0.5) ? entries : entries.toReversed();
    return map(...this.#inOrder(last));
  }

  /** What has an anchor comes before what takes it. */
  #inOrder(entries: [string, Written][]): [string, Written][] {
    return this.#anchors > 0 ? entries.toSorted(([a], [b]) => order(a) - order(b)) : entries;
  }

  #volumes(): Written {
    const mode = map(['secretName', text('s')], ['defaultMode', this.#raw(INTEGERS, ['256'])]);
    return {
      list: [map(['name', text('data')], ['emptyDir', map()]), map(['name', text('key')], ['secret', mode])],
    };
  }

  #containers(prefix: string): Written {
    const count = this.#random.integer(1, 2);
    const list: Written[] = [];
    for (let index = 0; index < count; index += 1) list.push(this.#container(`${prefix}${index}`, list));
    return { list };
  }

  #container(name: string, before: Written[]): Written {
    const random = this.#random;
    const entries: [string, Written][] = [
      ['name', text(name)],
      ['image', text('i')],
    ];
    const maybe = (probability: number, key: string, value: () => Written) => {
      if (random.chance(probability)) entries.push([key, value()]);
    };
    maybe(0.3, 'args', () => ({ list: TEXTS.filter(() => random.chance(0.2)).map(text) }));
    maybe(0.2, 'ports', () => ({ list: [map(['containerPort', this.#raw(INTEGERS, ['80'])])] }));
    maybe(0.6, 'volumeMounts', () => this.#mountsOf());
    maybe(0.2, 'env', () => ({ list: [map(['name', text('A')], ['value', this.#anything(0)])] }));
    maybe(0.1, 'resources', () =>
      this.#maybeNothing(() => map(['limits', map(['cpu', this.#raw(NUMBERS, ['1'])])])),
    );
    const first = before[0];
    if (!this.#json && first !== undefined && random.chance(0.3)) {
      first.anchor ??= this.#anchor();
      entries.unshift(['<<', { raw: `*${first.anchor}` }]);
    }
    if (!this.#json && random.chance(0.05)) entries.unshift(['image', text('earlier')]);
    return map(...entries);
  }

  #mountsOf(): Written {
    if (this.#mounts !== undefined && this.#random.chance(0.4)) return { raw: `*${this.#mounts}` };
    return this.#maybeNothing(() => {
      const list: Written = { list: [map(['name', text('data')], ['mountPath', text('/data')])] };
      if (!this.#json && this.#random.chance(0.3)) {
        this.#mounts = this.#anchor();
        list.anchor = this.#mounts;
      }
      return list;
    });
  }

  #anchor(): string {
    this.#anchors += 1;
    return `a${this.#anchors}`;
  }

  #maybeNothing(value: () => Written): Written {
    return this.#random.chance(0.35) ? this.#nothing() : value();
  }

  #nothing(): Written {
    return this.#random.chance(0.3) ? { list: [] } : this.#raw(NULLS, ['null']);
  }

  #anything(depth: number): Written {
    const random = this.#random;
    const kind = random.integer(0, depth === 0 ? 4 : 6);
    if (kind === 0) return text(random.pick(TEXTS));
    if (kind === 1) return this.#raw(NUMBERS, ['1', '1.5', '9007199254740993', '1e3']);
    if (kind === 2) return this.#raw(BOOLEANS, ['true']);
    if (kind === 3) return this.#raw(NULLS, ['null']);
    if (kind === 4) return this.#raw(ODD_PLAIN, ['"x"']);
    if (kind === 5) return { list: [this.#anything(depth - 1), this.#anything(depth - 1)] };
    return map(['a', this.#anything(depth - 1)], [random.pick(['b', '1', 'yes']), this.#anything(depth - 1)]);
  }

  #raw(yaml: readonly string[], inJson: readonly string[] = ['1']): Written {
    return { raw: this.#random.pick(this.#json ? inJson : yaml) };
  }
}

function order(key: string): number {
  return ['initContainers', 'containers'].indexOf(key);
}
