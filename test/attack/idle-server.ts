/** A TLS server that does nothing, in a process of its own: what it takes to answer is what the machine takes. */

import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { issue } from './certificates.ts';

const server = createServer(await issue(), (request, response) => {
  request.resume();
  request.on('end', () => response.end('{}'));
});
server.listen(0, '127.0.0.1', () => process.send!({ port: (server.address() as AddressInfo).port }));
process.on('disconnect', () => process.exit(0));
