import { Corrupt } from '../lines.ts';
import { type StatusObject, statusError } from './api-error.ts';
import type { KubernetesObject } from './collection.ts';

/** What the API server says, read or thrown. */
export interface WatchEvent {
  type: string;
  /** Of the collection, once the event was applied. */
  version: string;
  object: KubernetesObject;
}

export interface Page {
  items: KubernetesObject[];
  version: string;
  next: string;
}

/** An event that is an error is thrown as that. */
export function parseEvent(line: string): WatchEvent {
  const { type, object } = (parseJson(line) ?? {}) as Partial<WatchEvent>;
  if (typeof type !== 'string' || typeof object !== 'object' || object === null) {
    throw new Corrupt('a line that is not a watch event');
  }
  if (type === 'ERROR') throw statusError(object as StatusObject, 'stream');
  const version = object.metadata?.resourceVersion;
  if (typeof version !== 'string' || version === '') throw new Corrupt('an event without a resourceVersion');
  return { type, version, object };
}

export function parsePage(text: string): Page {
  const list = parseJson(text) as { items?: unknown; metadata?: Record<string, unknown> } | null;
  const version = list?.metadata?.resourceVersion;
  if (typeof version !== 'string' || version === '') throw new Corrupt('a list without a resourceVersion');
  const items = list?.items ?? [];
  if (!Array.isArray(items)) throw new Corrupt('a list whose items are not an array');
  const next = list?.metadata?.continue;
  return { items, version, next: typeof next === 'string' ? next : '' };
}

export function parseStatus(text: string, code: number): StatusObject {
  try {
    const status = JSON.parse(text) as StatusObject | null;
    if (typeof status === 'object' && status !== null) return { ...status, code };
  } catch {
    // A proxy in between answers in its own words.
  }
  return { code, message: text.slice(0, 200) };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Corrupt(`text that is not JSON: ${JSON.stringify(text.slice(0, 60))}`);
  }
}
