/**
 * What one unauthenticated pod can do to the webhook, all of it to one process. Every pod of a cluster can
 * reach the port, so an honest API server asks meanwhile, and each of its requests is to be answered.
 * `ATTACK_HEAVY=1` makes the numbers larger.
 */

import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { HUNG_MS, PATIENCE_MS } from '../support/deadlines.ts';
import { eventually } from '../support/eventually.ts';
import { metricSum } from '../support/metrics.ts';
import * as floods from './floods.ts';
import { heavyBodies, manyContainers, manyKeys } from './heavy.ts';
import { injectedReview, type Malformed, wrongHeaders, wrongTexts, wrongTypes } from './malformed.ts';
import { RAW_BYTES, RAW_REQUESTS } from './raw-requests.ts';
import { askingPod, type Json, review, richPod, skippedReview } from './reviews.ts';
import { Siege } from './siege.ts';
import {
  attackers,
  closedOf,
  destroyAll,
  dial,
  dialTls,
  eachOf,
  exchange,
  keptConnections,
  post,
} from './wire.ts';

const HEAVY = process.env.ATTACK_HEAVY === '1';
/** The largest body that the webhook of 0.1.0 takes; it is to take less. */
const LARGEST = 7 * 1024 * 1024;
/** The largest pod that an API server sends: 3 MiB a request. */
const LARGEST_POD = 3 * 1024 * 1024 - 10_000;
/** A sentence, not a list of all that was sent. */
const ANSWER_BYTES = 16 * 1024;
/**
 * A handshake, headers or a body that are not there after 2 to 3 s are not waited for. Those of a byte a second would take
 * a day, so that an end within this time is one by that rule, on a slow machine as well.
 */
const GIVEN_UP_MS = 30_000;
/** The longest that the loop may be held by one body, on a CPU that nobody else uses. */
const HELD_MS = 1500;
/** A line of the log; the container runtime splits those of 16 KiB. */
const LOG_LINE = 8 * 1024;
/** What answers that nobody reads may take. */
const UNREAD_MB = 80;
/** What stays once all is over: compiled code, and the pages in which connections and bodies were. */
const KEPT_MB = 120;
/** What a second round may add to that. Measured over three rounds: 14, then 6 MB. */
const AGAIN_MB = 30;
/** The most rounds in which V8 has to collect its garbage once: a round takes about 3 s. */
const MOST_ROUNDS = 8;

suite('a siege of one webhook', { timeout: HUNG_MS }, () => {
  let siege: Siege;
  let atFirst: number;

  before(async () => {
    siege = await Siege.start();
    atFirst = (await siege.memory()).now;
  });
  after(() => siege?.stop());

  /** Posts each, and gives the kinds of those that got a 5xx, no answer, or an answer that is no sentence. */
  const badAnswers = async (all: Iterable<Malformed>): Promise<string[]> => {
    const bad: string[] = [];
    const agent = keptConnections(4);
    await eachOf(all, 4, async ({ kind, body, headers, path, mayFail }) => {
      const { status, text } = await post(siege.port, body, {
        agent,
        ...(headers === undefined ? {} : { headers }),
        ...(path === undefined ? {} : { path }),
      });
      const fine = status === 200 || (status >= 400 && (status < 500 || mayFail === true));
      if (!fine) bad.push(`${kind}: ${status || 'no answer'}`);
      else if (text.length > ANSWER_BYTES) bad.push(`${kind}: an answer of ${text.length} bytes`);
    });
    agent.destroy();
    return bad;
  };

  const told = (peak: number) => {
    const { mib, enforced } = siege.limit;
    console.log(
      `    peak ${peak.toFixed(0)} MB of ${mib} MiB, which is ${enforced ? '' : 'not '}enforced here`,
    );
  };

  const none = (bad: string[]) =>
    assert.equal(bad.length, 0, `${bad.length} answers are wrong, such as\n${bad.slice(0, 10).join('\n')}`);

  test('an owner reference that is null on a skipped pod does not end the process', async () => {
    await siege.under(async () => {
      for (const owners of [[null], null, [[]], [7], 'x', {}]) {
        await post(siege.port, JSON.stringify(skippedReview(owners)));
      }
      await delay(500);
    });
  });

  test('every place of a review times every wrong type gets an answer, never a fault', async () => {
    await siege.under(async () => {
      const good = review(richPod());
      const answer = JSON.parse((await post(siege.port, JSON.stringify(good))).text);
      none(await badAnswers(wrongTypes(injectedReview(good, answer), HEAVY ? 1 : 3)));
    });
  });

  test('texts that are no review get a sentence, never a fault', async () => {
    await siege.under(async () => none(await badAnswers(wrongTexts())));
  });

  test('other content types, encodings and paths get a sentence, never a fault', async () => {
    await siege.under(async () => none(await badAnswers(wrongHeaders())));
  });

  test('thousands of reviews for namespaces that are not there keep nobody out', async () => {
    await siege.under(async () => {
      const names = Array.from({ length: HEAVY ? 20_000 : 2000 }, (_, index) => `not-there-${index}`);
      const agent = keptConnections(24);
      await eachOf(names, 24, async (namespace) => {
        await post(siege.port, JSON.stringify(review(askingPod(), { namespace })), { agent });
      });
      agent.destroy();
    });
  });

  test('bytes that are no HTTP, and no TLS, disturb nobody', async () => {
    await siege.under(async () => {
      const faults: string[] = [];
      await eachOf(Object.entries(RAW_REQUESTS), 6, async ([kind, bytes]) => {
        const answer = await exchange(await dialTls(siege.port), bytes);
        if (/^HTTP\/1.1 5/m.test(answer) && !/^HTTP\/1.1 50[15]/m.test(answer)) faults.push(kind);
      });
      await eachOf(Object.entries(RAW_BYTES), 5, async ([, bytes]) => {
        await exchange(dial(siege.port), bytes);
      });
      for (const options of [
        { maxVersion: 'TLSv1.2' as const },
        { ALPNProtocols: ['h2'] },
        { ciphers: 'TLS_AES_128_CCM_SHA256' },
      ]) {
        (await dialTls(siege.port, options)).destroy();
      }
      none(faults);
    });
  });

  test('connections that end at any moment disturb nobody', async () => {
    await siege.under(async () => {
      const body = JSON.stringify(review(richPod()));
      const head = `POST /mutate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`;
      const request = head + body;
      for (let cut = 0; cut <= request.length; cut += Math.ceil(request.length / 40)) {
        const socket = await dialTls(siege.port);
        socket.write(request.slice(0, cut));
        await delay(5);
        if (cut % 2 === 0) socket.destroy();
        else socket.end();
      }
      for (let round = 0; round < 100; round += 1) dial(siege.port).resetAndDestroy();
    });
  });

  test('three bodies of a byte a second keep nobody out, and are not waited for', async () => {
    await siege.under(async () => {
      const sockets = await floods.slowBodies(siege.port, 3, LARGEST);
      for (const from of attackers(3))
        sockets.push(...(await floods.slowBodies(siege.port, 3, LARGEST_POD, from)));
      const closed = await closedOf(sockets, GIVEN_UP_MS);
      destroyAll(sockets);
      assert.equal(
        closed,
        sockets.length,
        `${closed} of ${sockets.length} were closed within ${GIVEN_UP_MS} ms`,
      );
    });
  });

  test('sixty bodies of a byte a second keep nobody out', async () => {
    await siege.under(async () => {
      const sockets = await floods.slowBodies(siege.port, 60, 100_000);
      const closed = await closedOf(sockets, GIVEN_UP_MS);
      destroyAll(sockets);
      assert.equal(closed, 60, `${closed} of 60 were closed within ${GIVEN_UP_MS} ms`);
    });
  });

  test('headers of a byte a second are not waited for', async () => {
    await siege.under(async () => {
      const sockets = await floods.slowHeaders(siege.port, 100);
      const closed = await closedOf(sockets, GIVEN_UP_MS);
      destroyAll(sockets);
      assert.equal(closed, 100, `${closed} of 100 were closed`);
    });
  });

  test('a thousand silent connections keep nobody out, and are not held', async () => {
    await siege.under(async () => {
      const sockets = await floods.silent(siege.port, 1000);
      const closed = await closedOf(sockets, GIVEN_UP_MS);
      destroyAll(sockets);
      assert.ok(closed >= 990, `${closed} of 1000 were closed within ${GIVEN_UP_MS} ms`);
    });
  });

  test('a thousand silent connections from fifty addresses keep nobody out', async () => {
    await siege.under(async () => {
      const sockets = await floods.silent(siege.port, HEAVY ? 5000 : 1000, attackers(50));
      await delay(3000);
      destroyAll(sockets);
    });
  });

  test('a thousand silent connections from the address of the API server keep nobody out', async () => {
    await siege.under(async () => {
      const sockets = await floods.silent(siege.port, 1000, ['127.0.0.1']);
      await delay(3000);
      destroyAll(sockets);
    });
  });

  test('connections that finish the handshake and say nothing keep nobody out', async () => {
    await siege.under(async () => {
      const sockets = await floods.idle(siege.port, HEAVY ? 1200 : 300);
      await delay(2000);
      destroyAll(sockets);
    });
  });

  test('connections that never read take no memory', async () => {
    await siege.under(async () => {
      const { now } = await siege.memory();
      await siege.forgetPeak();
      const sockets = await floods.neverReading(siege.port, 4, 2000);
      await delay(3000);
      destroyAll(sockets);
      const { peak } = await siege.memory();
      assert.ok(peak - now < UNREAD_MB, `${(peak - now).toFixed(0)} MB for answers that nobody reads`);
    });
  });

  test('20,000 and 60,000 containers are refused by a sentence, at once', async () => {
    await siege.under(async () => {
      for (const count of [20_000, 60_000]) await refused(review(manyContainers(count)));
    });
  });

  test('megabytes of unknown keys are told of in a sentence, at once', async () => {
    await siege.under(async () => {
      for (const bytes of [100_000, LARGEST_POD]) {
        const { status, text, ms } = await siege.post(JSON.stringify(review(manyKeys(bytes))));
        assert.ok(status === 200 || (status >= 400 && status < 500), `${status}`);
        assert.ok(text.length < ANSWER_BYTES, `an answer of ${text.length} bytes to ${bytes} bytes of keys`);
        assert.ok(ms < HELD_MS, `${ms.toFixed(0)} ms for ${bytes} bytes of keys`);
      }
    });
  });

  /** Also a skip with a warning is a refusal to do the work. */
  const refused = async (body: Json) => {
    const { status, text, ms } = await siege.post(JSON.stringify(body));
    const { response } = status === 200 ? JSON.parse(text) : ({} as Json);
    assert.equal(response?.patch, undefined, 'no patch for such a pod');
    assert.ok(status === 200 || (status >= 400 && status < 500), `${status}`);
    assert.ok(text.length < ANSWER_BYTES, `an answer of ${text.length} bytes`);
    assert.ok(ms < HELD_MS, `${ms.toFixed(0)} ms`);
  };

  test('a body of each costly kind is answered, and the loop is not held', async () => {
    const heavy = { ...heavyBodies(LARGEST_POD), ...prefixed(heavyBodies(LARGEST - 10_000)) };
    await siege.under(async () => {
      const bad: string[] = [];
      for (const [kind, body] of Object.entries(heavy)) {
        const { status, text, ms } = await siege.post(body, { patienceMs: PATIENCE_MS });
        const fine = status === 0 || status === 200 || (status >= 400 && status < 500) || status === 503;
        if (!fine || text.length > ANSWER_BYTES || ms > HELD_MS) {
          bad.push(`${kind}: ${status}, ${text.length} bytes, ${ms.toFixed(0)} ms`);
        }
      }
      none(bad);
    });
  });

  test('three and thirty bodies of the largest size at once stay within the memory of the container', async () => {
    const bodies = Object.values(heavyBodies(LARGEST - 10_000)).concat(
      Object.values(heavyBodies(LARGEST_POD)),
    );
    await siege.under(async () => {
      await siege.forgetPeak();
      for (const width of [3, 30]) {
        const all = Array.from({ length: HEAVY ? 90 : width }, (_, index) => bodies[index % bodies.length]!);
        await eachOf(all, width, async (body) => void (await post(siege.port, body, { patienceMs: 8000 })));
      }
      const { peak } = await siege.memory();
      told(peak);
      assert.ok(
        peak < siege.limit.mib,
        `${peak.toFixed(0)} MB at the most, the container has ${siege.limit.mib} MiB`,
      );
    });
  });

  test('large bodies from ten addresses at once stay within the memory of the container', async () => {
    const bodies = Object.values(heavyBodies(LARGEST_POD));
    await siege.under(async () => {
      await siege.forgetPeak();
      await eachOf(attackers(10), 10, async (from) => {
        for (const body of bodies.slice(0, HEAVY ? bodies.length : 5)) {
          await post(siege.port, body, { from, patienceMs: 8000 });
        }
      });
      const { peak } = await siege.memory();
      told(peak);
      assert.ok(
        peak < siege.limit.mib,
        `${peak.toFixed(0)} MB at the most, the container has ${siege.limit.mib} MiB`,
      );
    });
  });

  test('names with line breaks, escapes and a megabyte do not reach the log as they are', async () => {
    const before = siege.webhook.output.length;
    await siege.under(async () => {
      const hostile = 'x\n{"level":"error","message":"forged"}\r\u001b[2J\u2028\u2029\u0085\u202e';
      for (const text of [hostile, 'y'.repeat(1_000_000)]) {
        for (const fields of [
          { uid: text },
          { name: text },
          { namespace: text },
          { operation: text },
          { subResource: text },
        ]) {
          await post(siege.port, JSON.stringify(review(askingPod(), fields)));
        }
        const pod = askingPod({ 'rollcall.dev/service': text });
        pod.metadata.name = text;
        await post(siege.port, JSON.stringify(review(pod, { name: '' })));
        await post(siege.port, `{"${text}`);
      }
      await delay(300);
    });
    const lines = siege.webhook.output.slice(before);
    const long = lines.filter((line) => line.length > LOG_LINE);
    assert.equal(
      long.length,
      0,
      `${long.length} lines, the longest of ${Math.max(...long.map((line) => line.length))}`,
    );
    for (const line of lines) {
      assert.equal(typeof JSON.parse(line).message, 'string');
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are looked for
      assert.doesNotMatch(line, /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202e]/);
    }
  });

  test('the metrics stay few, whatever was sent', async () => {
    const text = await metrics();
    assert.ok(text.split('\n').length < 200, `${text.split('\n').length} lines`);
    assert.ok(metricSum(text, 'rollcall_admission_requests_total') > 0);
  });

  test('memory returns to its level once all is over, and a second round adds nothing', async () => {
    const settled = () =>
      eventually('memory', async () => (await level()) < atFirst + KEPT_MB, {
        timeoutMs: 10_000,
        everyMs: 1000,
      });
    const level = async () => (await siege.memory()).now;
    await settled().catch(() => {});
    const first = await level();
    assert.ok(first < atFirst + KEPT_MB, `${atFirst.toFixed(0)} MB at first, ${first.toFixed(0)} MB now`);
    const again = async () => {
      await siege.under(async () => {
        destroyAll(await floods.silent(siege.port, 1000, attackers(50)));
        destroyAll(await floods.idle(siege.port, 300));
        for (const body of Object.values(heavyBodies(LARGEST_POD))) await post(siege.port, body);
      });
      return level();
    };
    // V8 may have collected its garbage just before the first look. What a round adds is more after each further round,
    // and what V8 has not collected yet is gone after one of them.
    let second = await again();
    for (let round = 3; round <= MOST_ROUNDS && second >= first + AGAIN_MB; round++) second = await again();
    assert.ok(
      second < first + AGAIN_MB,
      `${first.toFixed(0)} MB, and ${second.toFixed(0)} MB after further rounds`,
    );
  });

  test('the process is the one that was started', () => {
    assert.ok(!siege.webhook.exited);
    assert.equal(siege.pids.length, 1, `it was started ${siege.pids.length} times`);
  });

  const metrics = async (): Promise<string> =>
    exchange(
      await dialTls(siege.port, {}, '127.0.0.1'),
      'GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
      PATIENCE_MS,
    );
});

function prefixed(bodies: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(bodies).map(([kind, body]) => [`7 MiB of ${kind}`, body]));
}
