/** The commands of docs/tutorial.md, from the first pods on, and what the page says that a reader sees. */

import assert from 'node:assert/strict';
import { before, suite, test } from 'node:test';
import { commandsOf, textOf } from '../docs/pages.ts';
import { HUNG_MS } from '../support/deadlines.ts';
import { eventually } from '../support/eventually.ts';
import { outcome } from './command.ts';
import { kubectl, namespace } from './kubernetes.ts';

const NAMESPACE = 'e2e-tutorial';
const [start, look, remove, ask] = commandsOf(textOf('docs/tutorial.md'))
  .filter(({ runBy }) => runBy?.endsWith('tutorial.test.ts'))
  .map(({ commands }) => commands.trim().split('\n'));

suite('the tutorial', { timeout: HUNG_MS }, () => {
  before(() => namespace(NAMESPACE));

  /** Runs commands in the namespace of the test, and returns what they print. */
  async function typed(commands: readonly string[] | undefined): Promise<string> {
    assert.ok(commands !== undefined && commands.length > 0, 'the page has the commands');
    let printed = '';
    for (const command of commands) {
      const here = command.startsWith('kubectl')
        ? command.replace('kubectl', `kubectl --namespace=${NAMESPACE}`)
        : command.replace(/ explain .*/, `$& --namespace ${NAMESPACE}`);
      const { code, stdout, stderr } = await outcome('bash', ['-c', here]);
      // The cluster has pods of other tests, some of which follow what is not there: a check tells of them.
      const fine = code === 0 || (code === 1 && here.endsWith(' check'));
      assert.ok(fine, `${here}: ${code} ${stderr}`);
      printed += stdout;
    }
    return printed;
  }

  test('three pods are told of each other', async () => {
    await typed(start);
    // The container may be ready some milliseconds before the program in it prints its first line.
    await eventually('hello and all three in db-0', async () => {
      const text = await typed(look);
      return ['"type":"hello"', ...['db-0', 'db-1', 'db-2'].map((name) => `"name":"${name}"`)].every((part) =>
        text.includes(part),
      );
    });
  });

  test('a pod that comes back is one that left and another that joined', async () => {
    await typed(remove);
    await eventually('word of both', async () => {
      const text = await kubectl('logs', 'db-0', '--container=db', `--namespace=${NAMESPACE}`);
      const deltas = text.split('\n').filter((line) => line.startsWith('{"type":"delta"'));
      const told = (what: 'left' | 'joined') =>
        deltas.flatMap((line) => JSON.parse(line)[what] as { uid: string; name: string }[]);
      const [left, joined] = [told('left'), told('joined')].map((members) =>
        members.findLast(({ name }) => name === 'db-1'),
      );
      return left !== undefined && joined !== undefined && left.uid !== joined.uid;
    });
  });

  test('explain and check say why', async () => {
    const printed = await typed(ask);
    assert.match(printed, /rollcall\.dev\/inject/);
    assert.match(printed, /replicas are available/);
  });
});
