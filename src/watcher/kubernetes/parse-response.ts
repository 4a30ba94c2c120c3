import { Corrupt } from '../lines.ts';
import { MAX_MESSAGE, type StatusObject, type StatusSubject, statusError } from './api-error.ts';
import type { KubernetesObject } from './collection.ts';
import { isFields, numberAt, type ObjectFields, objectAt, objectsAt, textAt } from './fields.ts';

/** One event of a watch; an event that is an error is thrown instead. */
export interface WatchEvent {
  type: string;
  /** The version of the collection once the event was applied. */
  version: string;
  object: KubernetesObject;
}

export interface Page {
  items: KubernetesObject[];
  version: string;
  next: string;
}

/** Parses one line of a watch; an event that is an error is thrown as that. */
export function parseEvent(line: string): WatchEvent {
  const event = parseJson(line);
  const type = isFields(event) ? event.type : undefined;
  const object = isFields(event) ? event.object : undefined;
  if (typeof type !== 'string' || !isFields(object)) throw new Corrupt('a line that is not a watch event');
  if (type === 'ERROR') throw statusError(statusOf(object), 'stream');
  const version = textAt(metadataOf(object), 'resourceVersion');
  if (version === undefined) throw new Corrupt('an event without a resourceVersion');
  return { type, version, object };
}

/** Parses a page of a list, of one of the kinds where those are given. */
export function parsePage(text: string, kinds?: readonly string[]): Page {
  const list = parseJson(text);
  if (!isFields(list)) throw new Corrupt('an answer that is no list');
  checkKind(
    list.kind,
    kinds?.map((kind) => `${kind}List`),
  );
  // An empty list has `items: []`. Without items it is a part of a list, or something else.
  if (list.items === undefined) throw new Corrupt('a list without items');
  const metadata = objectAt(list, 'metadata');
  const version = textAt(metadata, 'resourceVersion');
  if (version === undefined) throw new Corrupt('a list without a resourceVersion');
  const items = objectsAt(list, 'items');
  for (const item of items) metadataOf(item);
  return { items: items as KubernetesObject[], version, next: textAt(metadata, 'continue') ?? '' };
}

/** Throws `Corrupt` on the name of a kind that is not among those asked for. Objects in a list need not name theirs. */
export function checkKind(kind: unknown, kinds: readonly string[] | undefined): void {
  if (kinds === undefined || kind === undefined || kind === null || kind === '') return;
  if (typeof kind !== 'string' || !kinds.includes(kind))
    throw new Corrupt(`${JSON.stringify(kind)} in the place of ${kinds[0]}`);
}

export function parseStatus(text: string, code: number): StatusObject {
  try {
    const status = JSON.parse(text) as unknown;
    if (isFields(status)) return { ...statusOf(status), code };
  } catch {
    // A proxy in between may answer with text that is not JSON: the text itself is the message then.
  }
  return { code, message: text.slice(0, MAX_MESSAGE) };
}

/** Reads whatever there is of a Status: it is an error anyway, so a field of the wrong type says nothing. */
function statusOf(fields: ObjectFields): StatusObject {
  const read = <T>(of: () => T): T | undefined => {
    try {
      return of();
    } catch {
      // A field of the wrong type says nothing.
      return undefined;
    }
  };
  const details = read(() => objectAt(fields, 'details')) ?? {};
  return {
    code: read(() => numberAt(fields, 'code')),
    reason: read(() => textAt(fields, 'reason'))?.slice(0, MAX_MESSAGE),
    message: read(() => textAt(fields, 'message'))?.slice(0, MAX_MESSAGE),
    retryAfterSeconds: read(() => numberAt(details, 'retryAfterSeconds')),
    causes: read(() => objectsAt(details, 'causes').map((cause) => textAt(cause, 'reason') ?? '')),
    about: read(() => subjectOf(details)),
  };
}

function subjectOf(details: ObjectFields): StatusSubject | undefined {
  const [kind, name] = [textAt(details, 'kind'), textAt(details, 'name')];
  return kind === undefined || name === undefined ? undefined : { kind, name };
}

/** Returns the metadata, once the types of the fields that this program always reads were checked. */
function metadataOf(object: ObjectFields): ObjectFields {
  const metadata = objectAt(object, 'metadata');
  for (const key of ['name', 'namespace', 'uid']) textAt(metadata, key);
  objectAt(metadata, 'annotations');
  return metadata;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Corrupt(`text that is not JSON: ${JSON.stringify(text.slice(0, 60))}`);
  }
}
