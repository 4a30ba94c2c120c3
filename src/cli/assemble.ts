import { isMap, isSeq } from 'yaml';
import { edit } from './document/edit.ts';
import { join, type Part } from './document/stream.ts';
import { type Fields, isFields, type Value } from './document/value.ts';
import { isJson, parse, render } from './document/yaml.ts';
import type { Manifest } from './manifests.ts';

const COMMENT = '# Added by rollcall inject: what the sidecar below may do.\n';

export interface Assembled {
  text: string;
  /** Those whose comments and layout could not be kept. */
  rewritten: Manifest[];
}

/** The text of one source after all changes; what does not change stays byte for byte. */
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
  const parts: Part[] = [];
  let marker: string | undefined;
  for (const manifest of manifests) {
    // What inject put before a document has, in place of its marker, the one of the document.
    marker ??= manifest.marker;
    if (manifest.dropped) continue;
    parts.push(...preceded(marker, manifest, note(manifest, changed(manifest))));
    marker = undefined;
  }
  return { text: join(parts), rewritten };
}

/** What does not change need not be read again. */
function changed({ body, value, after }: Manifest): { body: string; kept: boolean } {
  return after === value ? { body, kept: true } : edit(body, after);
}

function preceded(marker: string, { before, body: old }: Manifest, body: string): Part[] {
  const eol = old.includes('\r\n') ? '\r\n' : '\n';
  const json = isJson(old);
  const ahead = before.map((object, index) => {
    const comment = json || index > 0 ? '' : COMMENT.replace('\n', eol);
    return comment + render(object, { json, eol });
  });
  const line = `---${eol}`;
  // Of `--- {a: 1}` the marker can't be taken over.
  const first = marker.endsWith('\n') || !marker.startsWith('---') ? marker : line;
  const last = ahead.length > 0 ? (first === marker ? line : marker) : marker;
  return [...ahead, body].map((text, index, all) => ({
    marker: index === all.length - 1 ? last : index === 0 ? first : line,
    body: text,
  }));
}

/** JSON has no documents: what is added goes into a List. */
function isOneJson(manifests: readonly Manifest[]): manifests is [Manifest] {
  return manifests.length === 1 && isJson(manifests[0]!.body);
}

const WRAPPER = '{"apiVersion":"v1","kind":"List","items":[\n';
const WRAPPER_END = '\n]}';

function jsonBody(manifest: Manifest): { body: string; kept: boolean } {
  const { body, before, after } = manifest;
  if (before.length === 0) return unwrapped(changed(manifest));
  if (isFields(after) && after.kind === 'List') {
    return edit(body, { ...after, items: [...before, ...(after.items as Value[])] });
  }
  const edited = changed(manifest);
  const text = edited.body.trimEnd();
  const ahead = before.map((object) => `${JSON.stringify(object)},\n`).join('');
  return {
    body: WRAPPER + ahead + text + WRAPPER_END + edited.body.slice(text.length),
    kept: edited.kept,
  };
}

/** Takes off the List that inject put around. */
function unwrapped(edited: { body: string; kept: boolean }): { body: string; kept: boolean } {
  const { body } = edited;
  if (!body.startsWith(WRAPPER) || !body.trimEnd().endsWith(WRAPPER_END)) return edited;
  const { document, value } = parse(body);
  if (!isMap(document.contents) || (value as Fields & { items: Value[] }).items.length !== 1) return edited;
  const items = document.contents.get('items');
  const range = isSeq(items) ? (items.items[0] as { range: [number, number, number] }).range : undefined;
  if (range === undefined) return edited;
  return { body: body.slice(range[0], range[1]) + body.slice(body.trimEnd().length), kept: edited.kept };
}
