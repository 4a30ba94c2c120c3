import { createTwoFilesPatch, FILE_HEADERS_ONLY } from 'diff';
import { render } from '../document/edit/render.ts';
import { type Fields, isFields, type Value } from '../document/value.ts';
import type { InputSource } from './input.ts';
import type { Manifest } from './manifests.ts';

/** Joins all sources into one stream. */
export function asTheyCame(texts: readonly string[]): string {
  const filled = texts.filter((text) => text.trim() !== '');
  if (filled.length === 0) return texts.join('');
  return filled
    .map((text, index) => {
      if (index === filled.length - 1) return text;
      const ended = text.endsWith('\n') ? text : `${text}\n`;
      return /^---(\s|$)/.test(filled[index + 1]!) ? ended : `${ended}---\n`;
    })
    .join('');
}

/** Writes all documents in one format. */
export function converted(manifests: readonly Manifest[], format: 'yaml' | 'json'): string {
  const values = manifests
    .flatMap(({ before, after, dropped }): Value[] => (dropped ? [] : [...before, after]))
    .filter((value) => value !== null);
  if (format === 'yaml')
    return values.map((value) => render(value, { json: false, eol: '\n' })).join('---\n');
  const objects = values.flatMap(listed);
  const whole = objects.length === 1 ? objects[0]! : { apiVersion: 'v1', kind: 'List', items: objects };
  return render(whole, { json: true, eol: '\n' });
}

function listed(value: Value): Value[] {
  return isFields(value) && value.kind === 'List' ? (value as Fields & { items: Value[] }).items : [value];
}

/** Returns a unified diff, which is empty when nothing differs. */
export function difference({ name, text }: InputSource, after: string, done: string): string {
  if (text === after) return '';
  return createTwoFilesPatch(name, `${name} (${done})`, text, after, undefined, undefined, {
    headerOptions: FILE_HEADERS_ONLY,
  });
}
