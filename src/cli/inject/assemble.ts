import { isMap, isSeq, type Node } from 'yaml';
import { edit } from '../document/edit/edit.ts';
import { render } from '../document/edit/render.ts';
import { isJson } from '../document/edit/style.ts';
import type { Entry } from '../document/entry.ts';
import { eolOf, parse } from '../document/parse.ts';
import { join, type StreamPart } from '../document/stream.ts';
import { type Fields, isFields, type Value } from '../document/value.ts';
import type { Manifest } from './manifests.ts';
import { withTexts } from './remembered.ts';

const COMMENT = '# Added by rollcall inject: what the sidecar below may do.\n';

export interface Assembled {
  text: string;
  /** The documents whose comments and layout could not be kept. */
  rewritten: Manifest[];
}

/** Returns the text of one source after all changes. Documents that do not change stay byte for byte. */
export function assemble(manifests: readonly Manifest[]): Assembled {
  const rewritten: Manifest[] = [];
  const note = (manifest: Manifest, { body, kept }: { body: string; kept: boolean }) => {
    if (!kept) rewritten.push(manifest);
    return body;
  };
  if (isOneJson(manifests)) {
    const [manifest] = manifests;
    return { text: manifest.marker + note(manifest, jsonBody(manifest)), rewritten };
  }
  const parts: StreamPart[] = [];
  let taken: string | undefined;
  for (const manifest of manifests) {
    if (manifest.dropped) {
      taken ??= manifest.marker;
      continue;
    }
    // The objects that inject put before a document took its marker. When they are dropped, the document gets
    // it back.
    const marker = taken !== undefined && isLine(manifest.marker) ? taken : manifest.marker;
    parts.push(...preceded(marker, manifest, note(manifest, changed(manifest))));
    taken = undefined;
  }
  return { text: join(parts), rewritten };
}

/** Returns the new text of a document. A document that does not change is not read again. */
function changed(manifest: Manifest): { body: string; kept: boolean } {
  const { body, value, after, restored } = manifest;
  if (after === value) return { body, kept: true };
  const edited = edit(body, after, restored);
  const remembering = withTexts(manifest, edited.replaced);
  return remembering === after ? edited : edit(body, remembering, restored);
}

/** Tells whether the marker is a line of its own. In `--- {a: 1}` it shares the line with its document. */
function isLine(marker: string): boolean {
  return marker === '' || marker.endsWith('\n');
}

function preceded(marker: string, { before, body: old }: Manifest, body: string): StreamPart[] {
  const eol = eolOf(old);
  const json = isJson(old);
  const ahead = before.map((object, index) => {
    const comment = json || index > 0 ? '' : COMMENT.replace('\n', eol);
    return comment + render(object, { json, eol });
  });
  // JSON objects that follow each other have no markers.
  const line = json && marker === '' ? '' : `---${eol}`;
  const first = isLine(marker) ? marker : line;
  const last = ahead.length > 0 && isLine(marker) ? line : marker;
  return [...ahead, body].map((text, index, all) => ({
    marker: index === all.length - 1 ? last : index === 0 ? first : line,
    body: text,
  }));
}

/** Tells whether the source is one JSON value. JSON has no documents, so that objects are added in a List. */
function isOneJson(manifests: readonly Manifest[]): manifests is [Manifest] {
  return manifests.length === 1 && isJson(manifests[0]!.body);
}

const WRAPPER = '{"apiVersion":"v1","kind":"List","items":[\n';
const WRAPPER_END = '\n]}';

function jsonBody(manifest: Manifest): { body: string; kept: boolean } {
  const { body, before, after } = manifest;
  if (before.length === 0) return unwrapped(changed(manifest));
  if (isFields(after) && after.kind === 'List') {
    const list = withTexts(manifest, edit(body, after).replaced) as Fields & { items: Value[] };
    return edit(body, { ...list, items: [...before, ...list.items] });
  }
  const { body: text, kept } = changed(manifest);
  const ahead = before.map((object) => `${JSON.stringify(object)},\n`).join('');
  const [lead, tail] = [leadOf(text), text.slice(text.trimEnd().length)];
  return { body: lead + WRAPPER + ahead + text.trim() + WRAPPER_END + tail, kept };
}

/** Removes the List that inject put around the object. */
function unwrapped(edited: { body: string; kept: boolean }): { body: string; kept: boolean } {
  const { body } = edited;
  if (!body.trimStart().startsWith(WRAPPER) || !body.trimEnd().endsWith(WRAPPER_END)) return edited;
  const { root, value } = parse(body);
  if (!isMap(root) || (value as Fields & { items: Value[] }).items.length !== 1) return edited;
  const items = (root.items as Entry[]).findLast(({ key }) => key.value === 'items')?.value;
  const range = isSeq(items) ? (items.items[0] as Node).range : undefined;
  if (!range) return edited;
  const inner = body.slice(range[0], range[1]);
  return { body: leadOf(body) + inner + body.slice(body.trimEnd().length), kept: edited.kept };
}

/** Returns the blanks and empty lines at the beginning of the text. */
function leadOf(text: string): string {
  return text.slice(0, text.length - text.trimStart().length);
}
