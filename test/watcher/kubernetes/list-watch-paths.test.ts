import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listPath, watchPath } from '../../../src/watcher/kubernetes/list-watch-paths.ts';

const collection = { path: '/api/v1/pods' };

/** The path, and what is asked for behind it. */
function parts(path: string): [string, Record<string, string>] {
  const [before, query] = path.split('?');
  return [before!, Object.fromEntries(new URLSearchParams(query))];
}

test('a watch asks for bookmarks and an end, and for a list where it begins with one', () => {
  const watch = { watch: '1', allowWatchBookmarks: 'true', timeoutSeconds: '300' };
  assert.deepEqual(parts(watchPath(collection, { version: '7', listing: false, seconds: 300 })), [
    '/api/v1/pods',
    { ...watch, resourceVersion: '7' },
  ]);
  assert.deepEqual(parts(watchPath(collection, { version: '', listing: true, seconds: 300 }))[1], {
    ...watch,
    resourceVersion: '',
    sendInitialEvents: 'true',
    resourceVersionMatch: 'NotOlderThan',
  });
});

test('a list asks for a version on its first page alone, for pages where it may have them, and for the next one', () => {
  const list = (from: string, paged: boolean, next: string) =>
    parts(listPath(collection, { from, paged, next }))[1];
  const notOlder = { resourceVersion: '7', resourceVersionMatch: 'NotOlderThan' };
  assert.deepEqual(list('', true, ''), { limit: '500' });
  assert.deepEqual(list('7', true, ''), { limit: '500', ...notOlder });
  assert.deepEqual(list('7', true, 'token'), { limit: '500', continue: 'token' });
  assert.deepEqual(list('7', false, ''), notOlder);
});

test('selectors are asked for in lists and in watches', () => {
  const selected = { ...collection, labelSelector: 'app=db', fieldSelector: 'metadata.name=a b' };
  for (const path of [
    listPath(selected, { from: '', paged: false, next: '' }),
    watchPath(selected, { version: '7', listing: false, seconds: 1 }),
  ]) {
    const [, { labelSelector, fieldSelector }] = parts(path);
    assert.deepEqual([labelSelector, fieldSelector], ['app=db', 'metadata.name=a b']);
  }
});
