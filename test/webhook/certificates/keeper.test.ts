import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { jsonLog } from '../../../src/log.ts';
import { Metrics } from '../../../src/metrics.ts';
import { CertificateKeeper } from '../../../src/webhook/certificates/keeper.ts';
import type {
  CertificateSource,
  CertificateStanding,
  KeyPair,
  Material,
} from '../../../src/webhook/certificates/source.ts';
import { eventually } from '../../support/eventually.ts';
import { metricSum } from '../../support/metrics.ts';
import { days, HOSTS, pair } from './pairs.ts';

const [one, two] = [await pair(), await pair()];
const both = [one.cert, two.cert];

/** A source, API servers and a server, each of them as a test wants it; time passes by `tick`. */
class Scene {
  advice = '';
  answer: Material | Error = { pair: one, trusted: [one.cert] };
  published: readonly string[] = [];
  refusal: Error | undefined;
  standings: CertificateStanding[] = [];
  served: KeyPair[] = [];
  serve = (pair: KeyPair): void => void this.served.push(pair);
  pause = (): void => {};
  waits: number[] = [];
  events: string[] = [];
  logs: Record<string, string>[] = [];
  metrics = new Metrics();
  #tick: (() => void) | undefined;
  #waiting: (() => void) | undefined;

  keeper: CertificateKeeper | undefined;
  /** The time in milliseconds. */
  now = 0;

  start(): Promise<KeyPair> {
    this.keeper = new CertificateKeeper({
      source: sourceOf(this, (standing) => this.#look(standing)),
      configuration: {
        read: async () => [...this.published],
        publish: async (trusted) => {
          if (this.refusal) throw this.refusal;
          this.events.push('publish');
          const written = this.published.join() !== trusted.join();
          this.published = trusted;
          return written;
        },
      },
      hosts: HOSTS,
      log: jsonLog((line) => void this.logs.push(JSON.parse(line))),
      metrics: this.metrics,
      now: () => this.now,
      wait: (ms) => {
        this.pause();
        this.waits.push(ms);
        this.#waiting?.();
        return new Promise<void>((resolve) => {
          this.#tick = resolve;
        });
      },
    });
    return this.keeper.start((pair) => {
      this.events.push('serve');
      this.serve(pair);
    });
  }

  /** Runs one more look to its end. */
  async tick(): Promise<void> {
    if (!this.#tick) await this.waiting();
    const tick = this.#tick;
    this.#tick = undefined;
    const ended = this.waiting();
    tick?.();
    await ended;
  }

  waiting(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting = resolve;
    });
  }

  count(name: string): number {
    return metricSum(this.metrics.text(), `rollcall_certificate_${name}`);
  }

  async #look(standing: CertificateStanding): Promise<Material> {
    this.standings.push(standing);
    if (this.answer instanceof Error) throw this.answer;
    return this.answer;
  }
}

/** The advice is read at each look, so that a test may change it. */
function sourceOf(told: Scene, look: CertificateSource['look']): CertificateSource {
  return {
    look,
    get advice() {
      return told.advice;
    },
  };
}

let scene: Scene;
beforeEach(() => {
  scene = new Scene();
});

test('the first pair is published, and nothing is served again while nothing changes', async () => {
  assert.deepEqual(await scene.start(), one);
  assert.deepEqual(scene.published, [one.cert]);
  await scene.tick();
  await scene.tick();
  assert.deepEqual(scene.served, []);
  assert.ok(
    scene.waits.every((ms) => ms >= 54_000 && ms <= 60_000),
    scene.waits.join(),
  );
  assert.ok(new Set(scene.waits).size > 1, 'no two replicas keep step');
});

test('until the first success it is tried each second', async () => {
  scene.answer = new Error('no API');
  const first = scene.start();
  await scene.waiting();
  scene.answer = { pair: one, trusted: [one.cert] };
  await scene.tick();
  assert.deepEqual(await first, one);
  assert.ok(scene.waits[0]! <= 1000);
  assert.equal(scene.count('failures_total'), 1);
});

test('a new pair is served when its trust was seen published a look ago, and then at once', async () => {
  await scene.start();
  scene.answer = { pair: two, trusted: both };
  await scene.tick();
  assert.deepEqual(scene.served, [], 'it was published a moment ago');
  await scene.tick();
  assert.deepEqual(scene.served, [two]);
  assert.deepEqual(scene.events.slice(-2), ['publish', 'serve']);
  assert.equal(scene.count('renewals_total'), 1);
});

test('a pair that others published while this replica slept waits for a look, too', async () => {
  await scene.start();
  scene.published = both;
  scene.answer = { pair: two, trusted: both };
  await scene.tick();
  assert.deepEqual(scene.served, []);
  await scene.tick();
  assert.deepEqual(scene.served, [two]);
});

test('a new pair is served at once when the one before is no longer trusted', async () => {
  await scene.start();
  scene.answer = { pair: two, trusted: [two.cert] };
  await scene.tick();
  assert.deepEqual(scene.served, [two]);
});

test('a pair of which only the certificate or only the key is new is served', async () => {
  const onlyCert = await pair({ keyOf: one });
  assert.equal(onlyCert.key, one.key);
  const onlyKey = { ...onlyCert, key: `${onlyCert.key}\n` };
  await scene.start();
  for (const next of [onlyCert, onlyKey]) {
    scene.answer = alone(next);
    await scene.tick();
  }
  assert.deepEqual(scene.served, [onlyCert, onlyKey]);
});

const broken: [what: string, answer: () => Promise<Material | Error>, message: RegExp][] = [
  ['a source that fails', async () => new Error('no API'), /no API/],
  ['a pair that is not trusted', async () => ({ pair: two, trusted: [one.cert] }), /self-signed/],
  ["another's key", async () => ({ pair: { ...one, key: two.key }, trusted: [one.cert] }), /mismatch/],
  ['an expired pair', async () => alone(await pair({ from: days(-9), to: days(-1) })), /expired/],
  ['garbage', async () => ({ pair: { cert: 'x', key: 'y' }, trusted: ['z'] }), /./],
  ['no trust', async () => ({ pair: two, trusted: [] }), /self-signed/],
];
for (const [what, answer, message] of broken) {
  test(`${what}: nothing is published or served, the last good pair stays, and it is told`, async () => {
    await scene.start();
    scene.answer = await answer();
    await scene.tick();
    assert.deepEqual([scene.served, scene.published], [[], [one.cert]]);
    assert.equal(scene.count('failures_total'), 1);
    const told = scene.logs.filter(({ level }) => level === 'error');
    assert.equal(told.length, 1);
    assert.match(told[0]!.error!, message);
    scene.answer = alone(two);
    await scene.tick();
    assert.deepEqual(scene.served, [two], 'and it goes on');
  });
}

test('what can not be published is not served', async () => {
  await scene.start();
  scene.answer = alone(two);
  scene.refusal = new Error('forbidden');
  await scene.tick();
  assert.deepEqual([scene.served, scene.count('failures_total')], [[], 1]);
  scene.refusal = undefined;
  await scene.tick();
  assert.deepEqual(scene.served, [two]);
});

test('a server that throws is asked again at the next look', async () => {
  await scene.start();
  scene.answer = alone(two);
  const { serve } = scene;
  scene.serve = () => {
    throw new Error('not now');
  };
  await scene.tick();
  assert.deepEqual([scene.count('failures_total'), scene.count('renewals_total')], [1, 0]);
  scene.serve = serve;
  await scene.tick();
  assert.deepEqual(scene.served, [two]);
});

test('looks that end by a fault of our own are told', async () => {
  scene.pause = () => {
    throw new Error('no timer');
  };
  await scene.start();
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(
    scene.logs.map(({ message, what, error }) => [message, what, error]),
    [['background work failed', 'look at the certificates', 'no timer']],
  );
});

test('the source is told what is published, and for how many looks in a row', async () => {
  await scene.start();
  assert.equal(scene.standings[0]!.looksTrusted(one.cert), 0);
  scene.answer = { pair: one, trusted: both };
  for (let looks = 0; looks < 4; looks += 1) await scene.tick();
  const last = () => scene.standings.at(-1)!;
  assert.deepEqual([await last().published(), last().looksTrusted(two.cert)], [both, 2]);
  scene.published = [];
  await scene.tick();
  await scene.tick();
  assert.equal(last().looksTrusted(two.cert), 0, 'somebody took it away meanwhile');
});

test('a client that does not trust the certificate has its bundle published again before the minute is over', async () => {
  await scene.start();
  scene.published = [];
  scene.now += 5000;
  scene.keeper!.distrusted();
  await eventually('the bundle', () => scene.published.join() === one.cert);
  assert.equal(scene.waits.length, 1);
});

test('a client causes no look within seconds of another', async () => {
  await scene.start();
  scene.now += 4999;
  scene.keeper!.distrusted();
  await scene.tick();
  assert.deepEqual(
    scene.standings.map(({ early }) => early),
    [false, false],
  );
});

test('looks that clients cause count for no time', async () => {
  await scene.start();
  scene.answer = { pair: one, trusted: both };
  await scene.tick();
  await eventually('three early looks', () => {
    scene.now += 5000;
    scene.keeper!.distrusted();
    return scene.standings.filter(({ early }) => early).length >= 3;
  });
  for (let looks = 0; looks < 2; looks += 1) await scene.tick();
  assert.equal(scene.standings.at(-1)!.looksTrusted(two.cert), 1);
});

test('the metric tells when the served certificate runs out', async () => {
  await scene.start();
  const seconds = days(364).getTime() / 1000;
  assert.ok(Math.abs(scene.count('expiry_timestamp_seconds') - seconds) < 100);
});

function alone(pair: KeyPair): Material {
  return { pair, trusted: [pair.cert] };
}

test('what people can do about a pair that is not trusted is told with the reason', async () => {
  await scene.start();
  scene.advice = 'look at the Certificate';
  scene.answer = { pair: two, trusted: [one.cert] };
  await scene.tick();
  assert.match(scene.logs.at(-1)!.error!, /^the certificate can't be used: .*; look at the Certificate$/);
  assert.deepEqual(scene.served, []);
});
