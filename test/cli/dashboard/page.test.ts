import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contrast } from './contrast.ts';
import { source } from './shop.ts';

test('every text stands out from its ground, in light and in dark', async () => {
  const css = await source('page.css');
  const [light, dark] = css.split('@media (prefers-color-scheme: dark)').map((part) => {
    const pairs = [...part.slice(0, part.indexOf('}')).matchAll(/--([\w-]+): (#[0-9a-f]{6})/g)];
    return Object.fromEntries(pairs.map(([, name, colour]) => [name!, colour!]));
  });
  for (const colours of [light!, dark!]) {
    for (const text of ['text', 'dim', 'good', 'bad', 'off']) {
      for (const ground of ['ground', 'panel']) {
        const found = contrast(colours[text]!, colours[ground]!);
        assert.ok(found >= 4.5, `${text} on ${ground}: ${found.toFixed(2)}`);
      }
    }
    assert.ok(contrast(colours.bad!, colours['bad-ground']!) >= 4.5, 'bad on its own ground');
    assert.ok(contrast(colours.ground!, colours.good!) >= 4.5, 'the chosen place');
    // What is no text has to reach 3: the frames of fields, and of what has the focus.
    for (const frame of ['dim', 'focus'])
      for (const ground of ['ground', 'panel'])
        assert.ok(contrast(colours[frame]!, colours[ground]!) >= 3, frame);
  }
});

test('what is said by a colour is said by a mark and a word of its own too', async () => {
  const words = await source('words.js');
  for (const [, table] of words.matchAll(/\(\{\n([\s\S]*?)\n\}\)/g)) {
    const rows = [...table!.matchAll(/mark: '(.+?)', word: '(.+?)', kind: '(\w+)'/g)];
    assert.ok(rows.length >= 4);
    for (const part of [1, 2]) assert.equal(new Set(rows.map((row) => row[part])).size, rows.length);
  }
});

test('the same words are known to the page and to what it shows', async () => {
  const words = await source('words.js');
  const states = ['same', 'behind', 'differs', 'stale', 'unsynced', 'unknown', 'pending'];
  const pods = ['injected', 'not-asked', 'skipped', 'missed'];
  const happenings = ['joined', 'left', 'ready', 'not-ready', 'restarted', 'stale', 'fresh'];
  for (const name of [...states, ...pods, ...happenings])
    assert.match(words, new RegExp(`^  '?${name}'?: \\{`, 'm'));
});
