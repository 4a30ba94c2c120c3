/** Bytes that no HTTP client sends, each with the name of what is wrong with it. */

import { review, richPod } from './reviews.ts';

const BODY = JSON.stringify(review(richPod()));
const HOST = 'Host: rollcall.rollcall-system.svc\r\n';
const JSON_TYPE = 'Content-Type: application/json\r\n';

function request(headers: string, body = BODY, line = 'POST /mutate HTTP/1.1'): string {
  return `${line}\r\n${HOST}${JSON_TYPE}${headers}\r\n${body}`;
}

const length = (bytes: number | string) => `Content-Length: ${bytes}\r\n`;
const good = request(length(Buffer.byteLength(BODY)));
const chunked = (text: string) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n0\r\n\r\n`;

/** Sent inside TLS. */
export const RAW_REQUESTS: Record<string, string | Uint8Array> = {
  'a chunked body': request('Transfer-Encoding: chunked\r\n', chunked(BODY)),
  'a chunk of a length that is no number': request('Transfer-Encoding: chunked\r\n', 'zz\r\n{}\r\n0\r\n\r\n'),
  'a chunk of 2^64 bytes': request('Transfer-Encoding: chunked\r\n', 'ffffffffffffffff\r\n{}'),
  'a thousand chunks of a byte': request('Transfer-Encoding: chunked\r\n', '1\r\n{\r\n'.repeat(1000)),
  'trailers without end': request('Transfer-Encoding: chunked\r\n', `0\r\n${'a: b\r\n'.repeat(5000)}`),
  'a length and chunks': request(`${length(5)}Transfer-Encoding: chunked\r\n`, chunked(BODY)),
  'two lengths': request(length(5) + length(500)),
  'a negative length': request(length(-1)),
  'a length that is no number': request(length('many')),
  'a length of 10^20': request(length('1'.padEnd(21, '0'))),
  'a length of 1e3': request(length('1e3')),
  'a length that is too short': request(length(10)),
  'no length': request(''),
  'no host': `POST /mutate HTTP/1.1\r\n${JSON_TYPE}${length(2)}\r\n{}`,
  'fifty requests at once': good.repeat(50),
  'a request smuggled behind a GET': `GET /healthz HTTP/1.1\r\n${HOST}${length(good.length)}\r\n${good}`,
  'HTTP/1.0': request(length(BODY.length), BODY, 'POST /mutate HTTP/1.0'),
  'HTTP/0.9': 'GET /healthz\r\n\r\n',
  'HTTP/9.9': request(length(2), '{}', 'POST /mutate HTTP/9.9'),
  'the preface of HTTP/2': `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${'\0'.repeat(100)}`,
  'an expectation of 100-continue': request(`Expect: 100-continue\r\n${length(BODY.length)}`),
  'an expectation of 100-continue and no body': request(`Expect: 100-continue\r\n${length(3e6)}`, ''),
  'an expectation that is unknown': request(`Expect: 200-maybe\r\n${length(BODY.length)}`),
  'an upgrade to a WebSocket': request('Connection: Upgrade\r\nUpgrade: websocket\r\n', ''),
  CONNECT: `CONNECT 10.0.0.1:443 HTTP/1.1\r\n${HOST}\r\n`,
  TRACE: request('', '', 'TRACE /mutate HTTP/1.1'),
  'OPTIONS *': request('', '', 'OPTIONS * HTTP/1.1'),
  'a method that is unknown': request(length(2), '{}', 'BREW /mutate HTTP/1.1'),
  'a method of 10,000 letters': request('', '', `${'A'.repeat(10_000)} /mutate HTTP/1.1`),
  'an absolute address': request(length(BODY.length), BODY, 'POST https://10.0.0.1/mutate HTTP/1.1'),
  'a header of 100,000 characters': request(`X: ${'x'.repeat(100_000)}\r\n`),
  'five thousand headers': request('X: y\r\n'.repeat(5000) + length(BODY.length)),
  'a folded header': request(`X: a\r\n b\r\n${length(BODY.length)}`),
  'a header with a NUL': request(`X: a\0b\r\n${length(BODY.length)}`),
  'a header without a name': request(`: a\r\n${length(BODY.length)}`),
  'line feeds without carriage returns': good.replaceAll('\r\n', '\n'),
  'blank lines first': `\r\n\r\n\r\n${good}`,
  'random bytes': Buffer.from(Array.from({ length: 5000 }, (_, index) => (index * 7919) % 251)),
};

const HELLO = Buffer.from('16030100c4010000c00303', 'hex');

/** Sent to the port as it is, where TLS is expected. */
export const RAW_BYTES: Record<string, string | Uint8Array> = {
  'HTTP without TLS': good,
  'half of a hello': HELLO,
  'a hello of a length that is a lie': Buffer.concat([
    Buffer.from('160301ffff0100fffb0303', 'hex'),
    Buffer.alloc(70_000),
  ]),
  'a hello of SSL 2': Buffer.from('802e0100020015000000100100800200800300800400800500800600', 'hex'),
  'a TLS alert': Buffer.from('15030300020228', 'hex'),
  'application data first': Buffer.concat([Buffer.from('1703030400', 'hex'), Buffer.alloc(1024)]),
  'empty records': Buffer.from('1603030000'.repeat(500), 'hex'),
  'a hello with random extensions': Buffer.concat([
    HELLO,
    Buffer.from(Array.from({ length: 185 }, (_, index) => (index * 131) % 256)),
  ]),
  'zero bytes': Buffer.alloc(20_000),
  'random bytes': Buffer.from(Array.from({ length: 20_000 }, (_, index) => (index * 7919) % 251)),
};
