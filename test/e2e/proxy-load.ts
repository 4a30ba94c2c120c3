/** A client of a proxy, to be run in a pod of the proxy: requests of every kind until it is told to end. */

export interface Load {
  requests: number;
  /** The failures, a sentence each. */
  failures: string[];
  /** The names of the pods that answered. */
  backends: string[];
  /** The longest time that a request without a wait took. */
  slowestMs: number;
}

/** Ends when this file is there, and prints a `Load`. */
export const STOP_FILE = '/tmp/stop';

/**
 * Short requests on new connections, short ones on connections that are kept, and such that take longer than a
 * backend has left when it is told to end. The last ones show whether running connections are kept.
 */
export const LOAD = `
const { Agent, get } = require('node:http');
const { existsSync } = require('node:fs');
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const load = { requests: 0, failures: [], backends: new Set(), slowestMs: 0 };
const request = (path, agent) => new Promise((resolve, reject) => {
  get({ host: '127.0.0.1', port: 8080, path, agent, timeout: 30000 }, async (response) => {
    try {
      let text = '';
      for await (const chunk of response) text += chunk;
      if (response.statusCode !== 200) throw new Error(path + ' answered ' + response.statusCode);
      resolve(text.trim());
    } catch (error) { reject(error); }
  }).on('error', reject).on('timeout', function () { this.destroy(new Error(path + ' timed out')); });
});
async function worker(path, agent, pauseMs) {
  while (!existsSync('${STOP_FILE}')) {
    const began = Date.now();
    try {
      load.backends.add(await request(path, agent));
      if (path === '/') load.slowestMs = Math.max(load.slowestMs, Date.now() - began);
    } catch (error) { load.failures.push(new Date().toISOString() + ' ' + path + ': ' + error.message); }
    load.requests += 1;
    await pause(pauseMs);
  }
}
const fresh = () => new Agent({ keepAlive: false });
const kept = () => new Agent({ keepAlive: true, maxSockets: 1 });
const workers = [
  ...[0, 1].map(() => worker('/', fresh(), 25)),
  ...[0, 1].map(() => worker('/', kept(), 25)),
  ...[0, 1, 2].map(() => worker('/?wait=9000', fresh(), 100)),
];
Promise.all(workers).then(() => console.log(JSON.stringify({ ...load, backends: [...load.backends] })));
`;
