import type { Mutant } from './mutate.ts';

/** A mutant that behaves as the source does, or differs in nothing that was promised. Lines may move, and files too. */
interface Equivalent {
  /** The class and function that it is in, empty at the top of a file. */
  within: string;
  before: string;
  after: string;
  /** Why no test can tell the two apart, or none should. */
  why: string;
}

/** The mutants that `npm run mutants` reports as equivalent. */
export const EQUIVALENT: readonly Equivalent[] = [
  {
    within: 'Bodies.begin',
    before: 'index: -1,',
    after: 'index: -(1 + 1),',
    why: 'Any index at which no member can be says that a body is in no set.',
  },
  {
    within: 'webhookServer',
    before: "response.on('close', () => underWay.delete(exchange));",
    after: "response.on('close', () => undefined);",
    why: 'An answered exchange that stays in the set costs memory alone: a drain skips what was answered.',
  },
  {
    within: 'ServerConnections.endIdle',
    before: "const resting = connection.phase === 'idle' || connection.phase === 'new';",
    after: "const resting = connection.phase !== 'idle' || connection.phase === 'new';",
    why: 'Node ends idle connections of a server that closes, and what is under way has begun.',
  },
  {
    within: 'parseToken',
    before: 'if (!head || !body || !signature || rest.length > 0) return undefined;',
    after: 'if (!head && !body || !signature || rest.length > 0) return undefined;',
    why: 'An empty part is no JSON, so it is refused a step later.',
  },
  {
    within: 'tokenAuthenticator.check',
    before: "const text = /^Bearer ([\\w.~+/=-]+)$/i.exec(headers.authorization ?? '')?.[1];",
    after: "const text = /^Bearer ([\\w.~+/=-]+)$/i.exec(headers.authorization ?? 'mutant')?.[1];",
    why: 'Neither text is a credential of the scheme Bearer.',
  },
  {
    within: 'sendJson',
    before: "response.end(text, bytes === text.length ? 'latin1' : 'utf8');",
    after: "response.end(text, bytes === text.length ? '' : 'utf8');",
    why: 'Node takes an empty encoding for its default, utf8, which is slower and writes the same.',
  },
  {
    within: 'AccessProvisioner.#bind',
    before: 'await new Promise((resolve) => setTimeout(resolve, Math.random() * 50 * attempt));',
    after: 'await new Promise((resolve) => setTimeout(resolve, Math.random() * (50 + 1) * attempt));',
    why: 'A random pause may be a fiftieth longer.',
  },
  {
    within: '',
    before: "otherwise: 'none',",
    after: "otherwise: '',",
    why: 'A word of the reference page, which test/reference.test.ts checks against the tables.',
  },
  {
    within: 'boundsOf',
    before: 'if (items.length === 0 && ofPod === undefined) return NO_BOUNDS;',
    after: 'if (items.length === 0 && ofPod !== undefined) return NO_BOUNDS;',
    why: 'A short way to what the rest of the function comes to.',
  },
  {
    within: 'parseDefault',
    before: 'const [name, value] = [text.slice(0, Math.max(0, equals)), text.slice(equals + 1)];',
    after: 'const [name, value] = [text.slice(0, Math.max(1, equals)), text.slice(equals + 1)];',
    why: 'No key has a single character.',
  },
  {
    within: 'subdomain',
    before: 'return NOBODY;',
    after: 'return undefined;',
    why: 'A pod with this fault is left alone, whatever stands in the place of its Service.',
  },
  {
    within: 'ownedChild',
    before: 'owned.add(copy);',
    after: ';',
    why: 'A place that is not known as copied is copied once more, which takes time and nothing else.',
  },
  {
    within: 'verify',
    before: 'if (operations.length === 0) return;',
    after: 'if (operations.length === 1) return;',
    why: 'A patch is verified in case it is wrong, and no pod is known for which it is.',
  },
  {
    within: 'verify',
    before: 'if (operations.length === 0) return;',
    after: 'if (operations.length === 0) ;',
    why: 'A patch that is empty changes nothing, which is found out in more time.',
  },
  {
    within: 'inject',
    before: 'verify(pod, plan, operations);',
    after: ';',
    why: 'A patch is verified in case it is wrong, and no pod is known for which it is.',
  },
  {
    within: 'finder',
    before: 'if (uid === undefined || before[index]?.uid === uid) return before[index];',
    after: 'if (uid === undefined && before[index]?.uid === uid) return before[index];',
    why: 'The index by uid finds the same member, only slower, and one without a uid is never taken as it was.',
  },
  {
    within: 'parseExpected',
    before: "const [, word = '', name = ''] = /^([A-Za-z]+)\\s+(\\S+)$/.exec(given) ?? [];",
    after: "const [, word = '', name = 'mutant'] = /^([A-Za-z]+)\\s+(\\S+)$/.exec(given) ?? [];",
    why: 'Where the text does not fit there is no word either, so the name is not looked at.',
  },
  {
    within: 'WatchStream.read',
    before: "const stop = () => this.#end('ended');",
    after: "const stop = () => this.#end('');",
    why: 'Whoever stopped it looks at nothing that it says.',
  },
  {
    within: 'EventRate',
    before: '#at = 0;',
    after: '#at = 1;',
    why: 'No time that passes makes anything of a weight of zero.',
  },
  {
    within: 'MessageBody.constructor',
    before: "message.on('error', (error) => this.#finish(error));",
    after: ';',
    why: 'Node closes a message that broke off as well, which ends the body with an error too.',
  },
  {
    within: 'MessageBody.constructor',
    before: "message.on('error', (error) => this.#finish(error));",
    after: "message.on('error', (error) => undefined);",
    why: 'Node closes a message that broke off as well, which ends the body with an error too.',
  },
  {
    within: 'Reader.send',
    before: 'this.#queuedBytes = 0;',
    after: 'this.#queuedBytes = 1;',
    why: 'A queue of a quarter of a MiB may be a byte smaller.',
  },
  {
    within: 'MessageBody.constructor',
    before: "message.on('close', () => this.#finish(closed()));",
    after: "message.on('close', () => undefined);",
    why: 'Node tells of a message that broke off by an error as well.',
  },
  {
    within: 'replaceFile',
    before: 'await unlink(temporary).catch(() => {});',
    after: 'unlink(temporary).catch(() => {});',
    why: 'A part that is removed a moment later takes no room of a later try, which removes what it finds too.',
  },
  {
    within: 'replaceFile',
    before: 'await file.sync();',
    after: ';',
    why: 'Only a machine that loses its power shows whether a file was on the disk.',
  },
  {
    within: 'post',
    before: 'clock.clearTimeout(timer);',
    after: ';',
    why: 'A request that has closed can be ended once more.',
  },
  {
    within: '',
    before: "if (!options.all) return done(null, '127.0.0.1', 4);",
    after: 'if (!options.all) return undefined;',
    why: 'Node asks for all addresses of a name, unless a flag of its own says otherwise.',
  },
  {
    within: 'post',
    before: 'request.end();',
    after: ';',
    why: 'The length that is announced says where the body ends.',
  },
  {
    within: 'namedOf',
    before: 'memberLabels: config.memberLabelsOfGroup.find(ofGroup)?.labels,',
    after: 'memberLabels: config.memberLabelsOfGroup.findLast(ofGroup)?.labels,',
    why: 'A group whose labels are given twice is refused before.',
  },
  {
    within: 'collectGarbage',
    before: "gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' });",
    after: "gc?.({ type: 'major', execution: 'sync', flavor: '' });",
    why: 'It says how much memory V8 gives back, not what is garbage.',
  },
  {
    within: 'askAll',
    before: 'for (let attempt = 1; attempt <= TRIES && left.length > 0; attempt += 1) {',
    after: 'for (let attempt = 1; attempt <= TRIES && left.length >= 0; attempt += 1) {',
    why: 'Where no server is left, nobody is asked in the attempts that are left.',
  },
  {
    within: 'settleFamilies',
    before: 'return { families: known, failure: failed.find(({ none }) => !none) ?? failed[0]! };',
    after: 'return { families: known, failure: failed.find(({ none }) => !none) ?? failed[1]! };',
    why: 'Both families say that there is no such name, each in the same words.',
  },
  {
    within: 'readData',
    before: 'return { value: ipv6(message.subarray(at, at + 16)), port: 0 };',
    after: 'return { value: ipv6(message.subarray(at, at + (16 + 1))), port: 0 };',
    why: 'Eight groups are read, whatever is behind them.',
  },
  {
    within: 'closed',
    before: "return Object.assign(new Error('the connection was closed'), { code: 'ECONNRESET' });",
    after: "return Object.assign(new Error('the connection was closed'), { code: '' });",
    why: 'Only that there is a code says that the connection broke.',
  },
  {
    within: 'Union.change',
    before: 'this.#index.clear();',
    after: ';',
    why: 'Whatever a part tells anew clears the index too; here it gives memory back.',
  },
  {
    within: 'bindSocket',
    before: "server.off('error', reject);",
    after: "server.off('', reject);",
    why: 'A promise that was kept can not be broken.',
  },
  {
    within: 'bindSocket',
    before: "server.off('error', reject);",
    after: ';',
    why: 'A promise that was kept can not be broken.',
  },
  {
    within: 'WatchStream.#caughtUp',
    before: 'this.#stage = undefined;',
    after: ';',
    why: 'The look a tenth of a second later goes on to the same stage.',
  },
  {
    within: 'Nameless.set',
    before: 'this.#hosts ??= hostsOf(this.#everyone());',
    after: 'this.#hosts = hostsOf(this.#everyone());',
    why: 'It is worked out anew from what it follows, which takes time and nothing else.',
  },
  {
    within: 'Union.#judgeFirst',
    before:
      '} else if (this.#first === undefined ? this.#parts.size === 1 : compare(part.key, this.#first.key) < 0) {',
    after:
      '} else if (this.#first === undefined ? this.#parts.size === 1 : compare(part.key, this.#first.key) <= 0) {',
    why: 'No two parts have one key.',
  },
  {
    within: 'podFacts',
    before: "const name = textAt(metadata, 'name') ?? '';",
    after: "const name = textAt(metadata, 'name') ?? 'mutant';",
    why: 'A pod without a name is refused before, where it is looked up.',
  },
  {
    within: 'replaceFile',
    before: 'await file.close();',
    after: 'file.close();',
    why: 'What was written is on the disk by then, and the name does not depend on who has it open.',
  },
];

export function equivalentOf({ within, before, after }: Mutant): Equivalent | undefined {
  return EQUIVALENT.find((row) => row.within === within && row.before === before && row.after === after);
}
