// Calls one backend after another, and prints which backends answered in each second.
import { setTimeout as pause } from 'node:timers/promises';
import { Client, credentials } from '@grpc/grpc-js';
import { register } from './resolver.mjs';

process.on('SIGTERM', () => process.exit(0));

const PAUSE_MS = 50;
const PER_LINE = 20; // a line a second
/** Longer than it takes a busy machine to answer. */
const DEADLINE_MS = 10_000;

register();
const socket = process.env.ROLLCALL_SOCKET ?? '/run/rollcall/members.sock';
const client = new Client(`rollcall://${socket}?port=grpc`, credentials.createInsecure(), {
  'grpc.service_config': JSON.stringify({ loadBalancingConfig: [{ round_robin: {} }] }),
});

/** grpc.health.v1.Health/Check with an empty request, which takes no generated code. Returns who answered. */
function check() {
  return new Promise((resolve, reject) => {
    const same = (bytes) => bytes;
    const options = { deadline: Date.now() + DEADLINE_MS };
    const answered = (error) => (error ? reject(error) : resolve(call.getPeer()));
    const call = client.makeUnaryRequest(
      '/grpc.health.v1.Health/Check',
      same,
      same,
      Buffer.alloc(0),
      options,
      answered,
    );
  });
}

for (;;) {
  const answered = new Set();
  let failed = 0;
  for (let i = 0; i < PER_LINE; i++) {
    try {
      answered.add(await check());
    } catch (error) {
      failed += 1;
      console.error(error.message);
    }
    await pause(PAUSE_MS);
  }
  console.log(`answered by ${answered.size}: ${[...answered].sort().join(' ')}; failed ${failed}`);
}
