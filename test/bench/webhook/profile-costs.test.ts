import assert from 'node:assert/strict';
import { test } from 'node:test';
import { costs, type ProfileNode, packageOf } from '../../../bench/webhook/profile-costs.ts';

function node(id: number, functionName: string, hitCount: number, ...children: number[]): ProfileNode {
  return { id, callFrame: { functionName, url: '', lineNumber: 0, columnNumber: 0 }, hitCount, children };
}

const name = ({ callFrame }: ProfileNode) => callFrame.functionName;

test('a function costs what it does itself and what it calls, as shares of the time that is not idle', () => {
  const nodes = [
    node(1, 'root', 0, 2, 4),
    node(2, 'serve', 1, 3),
    node(3, 'parse', 3),
    node(4, '(idle)', 96),
  ];
  const all = new Map(costs(nodes, name).map((cost) => [cost.name, cost]));
  assert.deepEqual(all.get('serve'), { name: 'serve', self: 0.25, total: 1 });
  assert.deepEqual(all.get('parse'), { name: 'parse', self: 0.75, total: 0.75 });
  assert.equal(all.get('(idle)')!.total, 0);
});

test('a function that calls itself is counted once', () => {
  const nodes = [node(1, 'root', 0, 2), node(2, 'walk', 1, 3), node(3, 'walk', 1)];
  assert.equal(costs(nodes, name).find((cost) => cost.name === 'walk')!.total, 1);
});

test('a place belongs to the innermost package, to Node, or to a folder of ours', () => {
  assert.equal(packageOf('../../node_modules/a/node_modules/@scope/b/lib/c.js'), '@scope/b');
  assert.equal(packageOf('node:internal/streams/readable'), 'node:internal');
  assert.equal(packageOf('../../src/inject/plan.ts'), 'src/inject');
  assert.equal(packageOf(''), '(V8 and system calls)');
});
