/** Health without a port: at a socket beside the one of the group. */
import { join } from 'node:path';
import { HEALTH_NAME } from '../watcher/contract.ts';
import type { Log } from '../watcher/log.ts';
import { KeptSocket } from '../watcher/outputs/kept-socket.ts';
import type { Watch } from '../watcher/watch.ts';
import { type Health, serveHealth } from './health.ts';

/**
 * Serves health at its socket in `directory`. At a heartbeat of `watch` the socket is made anew where somebody removed it,
 * since the probes of the kubelet ask there: without answers it would end the sidecar, and every reader with it.
 */
export async function keepHealth(
  directory: string,
  health: Health,
  watch: Pick<Watch, 'add'>,
  log: Log,
): Promise<void> {
  const path = join(directory, HEALTH_NAME);
  const bind = async () => (await serveHealth(path, health)).server;
  const socket = new KeptSocket(path, bind, log, () => {});
  await socket.serve();
  watch.add(socket);
}
