import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { TestContext } from 'node:test';
import type { Snapshot } from '../../../src/watcher/protocol.ts';
import { listening } from '../../support/listening.ts';

/** Starts a receiver of notifications, which keeps the snapshots that are posted, until the test ends. */
export async function httpReceiver(t: TestContext): Promise<{ snapshots: Snapshot[]; port: number }> {
  const snapshots: Snapshot[] = [];
  const server = createServer(async (request, response) => {
    const body = Buffer.concat(await request.toArray());
    assert.equal(Number(request.headers['content-length']), body.length);
    snapshots.push(JSON.parse(body.toString()));
    response.end();
  });
  return { snapshots, port: await listening(t, server) };
}
