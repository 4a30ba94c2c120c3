import { Unreadable } from './unreadable.ts';

/** The encoding of a file. */
export interface Encoding {
  name: 'utf-8' | 'utf-16le' | 'utf-16be';
  /** Whether the file begins with a byte order mark. */
  marked: boolean;
}

export interface Decoded {
  text: string;
  encoding: Encoding;
}

const BOM = '\uFEFF';
const ADVICE = 'save the file as UTF-8, or as UTF-16 with a byte order mark';

/**
 * Decodes a file by its byte order mark, as kubectl does. Bytes that are no character are refused and not
 * replaced.
 */
export function decode(bytes: Uint8Array): Decoded {
  const [a, b, c, d] = bytes;
  if ((a === 0xff && b === 0xfe && c === 0 && d === 0) || (a === 0 && b === 0 && c === 0xfe && d === 0xff))
    throw new Unreadable(`it is in UTF-32, which kubectl does not read; ${ADVICE}`);
  if (a === 0xff && b === 0xfe) return decoded(bytes, 'utf-16le');
  if (a === 0xfe && b === 0xff) return decoded(bytes, 'utf-16be');
  if (bytes.subarray(0, 4).includes(0)) throw new Unreadable(`it has zero bytes, as UTF-16 does; ${ADVICE}`);
  return decoded(bytes, 'utf-8');
}

function decoded(bytes: Uint8Array, name: Encoding['name']): Decoded {
  let text: string;
  try {
    text = new TextDecoder(name, { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw wrongBytes(bytes, name);
  }
  const marked = text.startsWith(BOM);
  return { text: marked ? text.slice(1) : text, encoding: { name, marked } };
}

function wrongBytes(bytes: Uint8Array, name: Encoding['name']): Unreadable {
  if (name !== 'utf-8') return new Unreadable(`it is not all ${name.toUpperCase()}; ${ADVICE}`);
  const at = firstWrong(bytes);
  const line = bytes.subarray(0, at).filter((byte) => byte === 0x0a).length + 1;
  const byte = `0x${bytes[at]!.toString(16).padStart(2, '0')}`;
  return new Unreadable(`the byte ${byte} is not UTF-8; ${ADVICE}`, line);
}

/** Returns the offset of the first wrong byte. Text that was decoded well encodes to the same bytes again. */
function firstWrong(bytes: Uint8Array): number {
  const again = new TextEncoder().encode(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes));
  return again.findIndex((byte, index) => byte !== bytes[index]);
}

export function encode(text: string, { name, marked }: Encoding): Uint8Array {
  const whole = marked ? BOM + text : text;
  if (name === 'utf-8') return Buffer.from(whole, 'utf8');
  const bytes = Buffer.from(whole, 'utf16le');
  return name === 'utf-16be' ? bytes.swap16() : bytes;
}
