/**
 * A child process that is the least a webhook on Node can be: it reads and parses the review and answers with a
 * fixed patch, on node:https alone or with Express. What a real webhook costs is on top of this.
 */
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import express from 'express';

const [kind, keyFile = '', certFile = ''] = process.argv.slice(2);
const options = { key: readFileSync(keyFile), cert: readFileSync(certFile), minVersion: 'TLSv1.3' as const };
const patch = Buffer.from(
  JSON.stringify([{ op: 'add', path: '/metadata/labels/bench', value: '1' }]),
).toString('base64');
const server = createServer(options, kind === 'express' ? withExpress() : plain);
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  process.stderr.write(`${JSON.stringify({ message: 'serving', port })}\n`);
});

function answer({ request: { uid } }: { request: { uid: string } }): object {
  const response = { uid, allowed: true, patchType: 'JSONPatch', patch };
  return { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response };
}

function plain(request: IncomingMessage, response: ServerResponse): void {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const text = JSON.stringify(answer(JSON.parse(Buffer.concat(chunks).toString())));
    response.writeHead(200, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(text),
    });
    response.end(text);
  });
}

function withExpress() {
  const app = express();
  app.disable('x-powered-by').disable('etag');
  app.post('/mutate', express.json({ limit: '7mb' }), (request, response) => {
    response.json(answer(request.body));
  });
  return app;
}
