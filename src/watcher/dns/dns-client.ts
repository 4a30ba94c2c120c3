import type { Socket as UdpSocket } from 'node:dgram';
import { isIPv6, type Socket } from 'node:net';
import { nameserversIn, resolvConf } from '../resolv-conf.ts';
import { BadMessage, decodeReply, encodeQuery, type Question, type Reply } from './dns-message.ts';
import type { DnsResolver } from './dns-resolver.ts';

/** The time for one try: CoreDNS answers from memory in under a millisecond, so a packet was lost by then. */
const TRY_MS = 1000;
/** The number of times that every server is asked. The second time it has twice as long. */
const TRIES = 2;
const PORT = 53;
/** The longest message over TCP, where two bytes before it say its length. */
const MESSAGE_BYTES = 65_535;

/** The names that Node has for RCODEs. */
const CODES: Readonly<Record<number, string>> = {
  1: 'EFORMERR',
  2: 'ESERVFAIL',
  3: 'ENOTFOUND',
  4: 'ENOTIMP',
  5: 'EREFUSED',
};
/** A server that does not know EDNS answers with one of these. */
const WITHOUT_EDNS = new Set(['EFORMERR', 'ENOTIMP']);

/** A question without an answer; `code` is one of Node's DNS error codes, or `TRUNCATED`. */
class Unanswered extends Error {
  readonly code: string;
  constructor(code: string, message = code) {
    super(message);
    this.code = code;
  }
}

interface Server {
  host: string;
  port: number;
}

/**
 * A resolver that asks DNS servers itself: no search domains, no hosts file, no cache. Node's own does
 * not say how large an answer over UDP may be (EDNS), so that a group of five needs TCP, which is closed
 * in many clusters. An answer that was cut is asked for again over TCP. `servers` such as `10.96.0.10`
 * or `127.0.0.1:5353`; by default those of /etc/resolv.conf.
 */
export function dnsClient(servers = nameserversIn(resolvConf()), tryMs = TRY_MS): DnsResolver {
  const all = servers.map(parseServer);
  const ask = (type: Question['type'], name: string) => askAll(all, { name, type }, tryMs);
  const address = async (type: 'A' | 'AAAA', name: string) =>
    (await ask(type, name)).map(({ value, ttl }) => ({ address: value, ttl }));
  return {
    srv: async (name) => (await ask('SRV', name)).map(({ value, port }) => ({ target: value, port })),
    a: (name) => address('A', name),
    aaaa: (name) => address('AAAA', name),
  };
}

/** Reads the address of a server, with or without a port: `10.96.0.10`, `fd00::a`, `127.0.0.1:5353` or `[::1]:5353`. */
export function parseServer(text: string): Server {
  if (isIPv6(text)) return { host: text, port: PORT };
  const [, host, port] = /^\[?(.*?)\]?(?::(\d+))?$/.exec(text)!;
  return { host: host!, port: port === undefined ? PORT : Number(port) };
}

/** Asks one server after the other; those that did not answer get a second try. */
async function askAll(servers: readonly Server[], question: Question, tryMs: number) {
  let left = servers;
  let failure: Unanswered | undefined;
  for (let attempt = 1; attempt <= TRIES && left.length > 0; attempt += 1) {
    const silent: Server[] = [];
    for (const server of left) {
      try {
        return await askOne(server, question, tryMs * attempt);
      } catch (error) {
        if (!(error instanceof Unanswered)) throw error;
        // The name is not there, whoever is asked; anything else another server may know better.
        if (error.code === 'ENOTFOUND' || error.code === 'ENODATA') throw error;
        if (error.code === 'ETIMEOUT') silent.push(server);
        failure = error;
      }
    }
    left = silent;
  }
  throw failure ?? new Unanswered('ECONNREFUSED');
}

async function askOne(server: Server, question: Question, tryMs: number) {
  let reply = await overUdp(server, question, true, tryMs);
  if (WITHOUT_EDNS.has(CODES[reply.code] ?? '')) reply = await overUdp(server, question, false, tryMs);
  if (reply.truncated) reply = await overTcp(server, question, tryMs);
  if (reply.truncated) throw new Unanswered('TRUNCATED', 'the answer was cut, over TCP too');
  if (reply.code !== 0) throw new Unanswered(CODES[reply.code] ?? 'EBADRESP', `RCODE ${reply.code}`);
  if (reply.records.length === 0) throw new Unanswered('ENODATA');
  return reply.records;
}

/**
 * One datagram there and one back. The socket has a port of its own for each question and takes packets
 * of that server alone; with the random id in it, a forged answer has to guess both.
 */
function overUdp(server: Server, question: Question, edns: boolean, tryMs: number): Promise<Reply> {
  const id = newId();
  const query = encodeQuery(id, question, edns);
  // The module is loaded here, since most sidecars never ask DNS.
  const { createSocket } = process.getBuiltinModule('node:dgram');
  const socket: UdpSocket = createSocket(isIPv6(server.host) ? 'udp6' : 'udp4');
  const reply = new Promise<Reply>((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException) => reject(new Unanswered(codeOf(error), error.message));
    socket.on('error', fail);
    socket.on('message', (message: Buffer) => {
      try {
        resolve(decodeReply(message, id, question));
      } catch (error) {
        // Somebody else's packet: the answer may still come.
        if (!(error instanceof BadMessage)) reject(error);
      }
    });
    // Node hands an error of the connection, as where no route leads to the server, to this function alone.
    const connected = (refused?: NodeJS.ErrnoException) =>
      refused ? fail(refused) : socket.send(query, (error) => error && fail(error));
    socket.connect(server.port, server.host, connected as () => void);
  });
  return within(reply, tryMs, () => socket.close());
}

async function overTcp(server: Server, question: Question, tryMs: number): Promise<Reply> {
  const id = newId();
  const query = encodeQuery(id, question, true);
  const socket = process.getBuiltinModule('node:net').connect(server.port, server.host);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(query.length);
  socket.write(Buffer.concat([length, query]));
  try {
    return decodeReply(await within(message(socket), tryMs, () => socket.destroy()), id, question);
  } catch (error) {
    const code = error instanceof BadMessage ? 'EBADRESP' : codeOf(error as NodeJS.ErrnoException);
    const advice = 'the answer was cut, and over TCP there is none; allow TCP port 53';
    throw new Unanswered('TRUNCATED', `${advice} (${code})`);
  }
}

/** Reads one message from a stream, in which its length stands before it. */
async function message(socket: Socket): Promise<Buffer> {
  const message = Buffer.alloc(2 + MESSAGE_BYTES);
  let bytes = 0;
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    bytes += chunk.copy(message, bytes);
    const end = bytes < 2 ? Number.POSITIVE_INFINITY : 2 + message.readUInt16BE(0);
    if (bytes >= end) return message.subarray(2, end);
  }
  throw new BadMessage('the server hung up');
}

async function within<T>(promise: Promise<T>, milliseconds: number, close: () => void): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Unanswered('ETIMEOUT')), milliseconds);
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
    close();
  }
}

function codeOf({ code }: NodeJS.ErrnoException): string {
  return code ?? 'EBADRESP';
}

function newId(): number {
  return process.getBuiltinModule('node:crypto').randomInt(0x10000);
}
