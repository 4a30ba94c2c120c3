/** What the watcher asks for is taken by API servers that know nothing of it. */

import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { ACCEPT } from '../../src/watcher/kubernetes/transport.ts';
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts';
import { HUNG_MS } from '../support/deadlines.ts';
import { install } from '../support/deployment.ts';
import { slicePath } from '../support/endpoint-slices.ts';
import { eventually } from '../support/eventually.ts';
import { member, WatchedGroup } from './watched-group.ts';

interface Named {
  metadata: { managedFields?: unknown };
}

const NAMESPACE = 'accept';

suite('the managed fields that nobody reads', { timeout: HUNG_MS }, () => {
  let plane: ControlPlane;

  before(async () => {
    plane = await startControlPlane();
    await install(plane);
    const group = new WatchedGroup(plane, NAMESPACE);
    await group.prepare();
    await group.slice('app-first', [member(0), member(1)]);
    await group.slice('app-second', [member(2)]);
  });

  after(() => plane?.stop());

  const asked = (query: string, accept: string) =>
    plane.request('GET', `${slicePath(NAMESPACE)}?${query}`, undefined, { accept });

  test('a list without them has the same slices', async (t) => {
    const [all, without] = [await asked('', 'application/json'), await asked('', ACCEPT)];
    assert.deepEqual([all.status, without.status], [200, 200]);
    assert.deepEqual(without.body.items.map(bare), all.body.items.map(bare));
    t.diagnostic(`they are ${served(without.body.items) ? 'sent nevertheless' : 'left out'}`);
  });

  test('a watch without them has the same slices', async () => {
    // From version 0 it begins with what there is, on servers without streaming lists too.
    const query = 'watch=1&resourceVersion=0&timeoutSeconds=1';
    const watched = async (accept: string) => {
      const { status, body } = await asked(query, accept);
      assert.equal(status, 200);
      const lines = String(body).trim().split('\n');
      return lines
        .map((line) => JSON.parse(line) as { type: string; object: Named })
        .filter(({ type }) => type === 'ADDED')
        .map(({ object }) => bare(object));
    };
    // It ends after a second, by which a machine with too much to do may not have sent both.
    const both = async (accept: string) => {
      const found = await watched(accept);
      return found.length === 2 && found;
    };
    const without = await eventually('both slices', () => both(ACCEPT));
    assert.deepEqual(without, await eventually('both slices', () => both('application/json')));
  });
});

/** A slice on its own, and without its managed fields. */
function bare(slice: Named): unknown {
  const { managedFields: _, ...metadata } = slice.metadata;
  return { ...slice, metadata };
}

function served(slices: Named[]): boolean {
  return slices.some(({ metadata }) => metadata.managedFields !== undefined);
}
