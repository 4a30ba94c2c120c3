/**
 * A DNS server over UDP and TCP for names that the test gives it: answers in real packets, with SERVFAIL,
 * silence or cut answers when asked to.
 */

import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

const TYPES = { A: 1, AAAA: 28, SRV: 33 } as const;
const CODES = { formerr: 1, servfail: 2, nxdomain: 3, refused: 5 } as const;

export interface Records {
  a?: string[];
  aaaa?: string[];
  srv?: { target: string; port: number }[];
  ttl?: number;
}

export interface Question {
  type: keyof typeof TYPES | 'other';
  /** The name of the question in lower case, without the dot at its end. */
  name: string;
  over: 'udp' | 'tcp';
}

/** `cut`: no records, and the word that there are more over TCP. */
export type Fault = keyof typeof CODES | 'drop' | 'cut';

export class DnsServer {
  readonly questions: Question[] = [];
  readonly names = new Map<string, Records>();
  fault: (question: Question) => Fault | undefined = () => undefined;
  /** Whether it knows EDNS; a server that does not calls such a question malformed. */
  edns = true;
  /** The address, in the form that `dnsClient` takes. */
  readonly address: string;
  readonly #udp: UdpSocket;
  readonly #tcp: Server;

  private constructor(udp: UdpSocket) {
    this.#udp = udp;
    this.address = `127.0.0.1:${udp.address().port}`;
    this.#udp.on('message', (message, { port, address }) => {
      const reply = this.#reply(message, 'udp');
      if (reply !== undefined) this.#udp.send(reply, port, address);
    });
    this.#tcp = createServer((socket) => {
      let received = Buffer.alloc(0);
      socket.on('error', () => {});
      socket.on('data', (data) => {
        received = Buffer.concat([received, data]);
        while (received.length > 2 && received.length >= 2 + received.readUInt16BE(0)) {
          const end = 2 + received.readUInt16BE(0);
          const reply = this.#reply(received.subarray(2, end), 'tcp');
          received = received.subarray(end);
          if (reply !== undefined) socket.write(Buffer.concat([number(reply.length, 2), reply]));
        }
      });
    });
  }

  /** Starts a server on a port of 127.0.0.1 that is free for UDP and TCP. */
  static async start(): Promise<DnsServer> {
    for (let attempt = 0; ; attempt += 1) {
      const udp = createSocket('udp4');
      udp.bind(0, '127.0.0.1');
      await once(udp, 'listening');
      const server = new DnsServer(udp);
      try {
        server.#tcp.listen(udp.address().port, '127.0.0.1');
        await once(server.#tcp, 'listening');
        return server;
      } catch (error) {
        udp.close();
        if (attempt === 10) throw error;
      }
    }
  }

  close(): void {
    this.#udp.close();
    this.#tcp.close();
  }

  /** Closes TCP, so that only datagrams arrive from now on. */
  closeTcp(): void {
    this.#tcp.close();
  }

  #reply(message: Buffer, over: Question['over']): Buffer | undefined {
    const { name, end } = readName(message, 12);
    const code = message.readUInt16BE(end);
    const type = (Object.keys(TYPES) as (keyof typeof TYPES)[]).find((one) => TYPES[one] === code) ?? 'other';
    const question: Question = { type, name, over };
    this.questions.push(question);
    const records = this.names.get(name);
    const room = message.readUInt16BE(10) === 0 ? undefined : message.readUInt16BE(end + 4 + 3);
    const unknown = room !== undefined && !this.edns ? 'formerr' : undefined;
    const given = this.fault(question) ?? unknown ?? (records === undefined ? 'nxdomain' : undefined);
    if (given === 'drop') return undefined;
    const all = given === undefined ? answersOf(type, records!) : [];
    const bytes = all.reduce((sum, one) => sum + one.length, end + 4);
    // 512 is what fits where the question does not say more.
    const fault = given ?? (over === 'udp' && bytes > (room ?? 512) ? 'cut' : undefined);
    const answers = fault === undefined ? all : [];
    // A response, authoritative, recursion wished for and available.
    const flags = 0x8580 | (fault === 'cut' ? 0x0200 : (fault && CODES[fault]) || 0);
    const counts = [1, answers.length, 0, 0].map((count) => number(count, 2));
    const head = [message.subarray(0, 2), number(flags, 2), ...counts, message.subarray(12, end + 4)];
    return Buffer.concat([...head, ...answers]);
  }
}

function answersOf(type: Question['type'], { a = [], aaaa = [], srv = [], ttl = 5 }: Records): Buffer[] {
  const data = {
    A: a.map((address) => Buffer.from(address.split('.').map(Number))),
    AAAA: aaaa.map(ipv6),
    SRV: srv.map(({ target, port }) => Buffer.concat([number(0, 4), number(port, 2), writeName(target)])),
    other: [],
  }[type];
  return data.map((bytes) => {
    // The owner is a pointer to the question's name; the class is IN.
    const head = [number(0xc00c, 2), number(TYPES[type as 'A'], 2), number(1, 2), number(ttl, 4)];
    return Buffer.concat([...head, number(bytes.length, 2), bytes]);
  });
}

function readName(message: Buffer, start: number): { name: string; end: number } {
  const labels: string[] = [];
  let at = start;
  for (let length = message[at]!; length > 0; length = message[at]!) {
    labels.push(message.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.').toLowerCase(), end: at + 1 };
}

function writeName(name: string): Buffer {
  const labels = name.split('.').map((label) => Buffer.concat([number(label.length, 1), Buffer.from(label)]));
  return Buffer.concat([...labels, number(0, 1)]);
}

function ipv6(address: string): Buffer {
  const [head = [], tail = []] = address.split('::').map((half) => half.split(':').filter(Boolean));
  const zeros = Array.from({ length: 8 - head.length - tail.length }, () => '0');
  return Buffer.concat([...head, ...zeros, ...tail].map((group) => number(Number.parseInt(group, 16), 2)));
}

function number(value: number, bytes: 1 | 2 | 4): Buffer {
  const buffer = Buffer.alloc(bytes);
  buffer.writeUIntBE(value, 0, bytes);
  return buffer;
}
