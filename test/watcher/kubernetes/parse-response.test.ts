import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkKind, parseEvent, parsePage } from '../../../src/watcher/kubernetes/parse-response.ts';
import { Corrupt } from '../../../src/watcher/lines.ts';

test('an object may leave its kind open, and one that names another is told in the place of what was asked for', () => {
  for (const kind of [undefined, null, '', 'Pod', 'Node']) checkKind(kind, ['Pod', 'Node']);
  checkKind('anything', undefined);
  assert.throws(() => checkKind('Job', ['Pod', 'Node']), new Corrupt('"Job" in the place of Pod'));
  assert.throws(() => checkKind(5, ['Pod']), new Corrupt('5 in the place of Pod'));
});

test('metadata of the wrong types is of no API server, in an event and in a list', () => {
  const sound = { name: 'a', namespace: 'b', uid: 'c', annotations: {}, resourceVersion: '1' };
  const event = (metadata: object) => parseEvent(JSON.stringify({ type: 'ADDED', object: { metadata } }));
  const page = (metadata: object) =>
    parsePage(JSON.stringify({ metadata: { resourceVersion: '1' }, items: [{ metadata }] }));
  assert.deepEqual([event(sound).version, page(sound).items.length], ['1', 1]);
  for (const wrong of [{ name: 1 }, { namespace: 1 }, { uid: 1 }, { annotations: 'x' }])
    for (const read of [event, page]) assert.throws(() => read({ ...sound, ...wrong }), Corrupt);
});

test('an event, and a list, without a version is of no API server', () => {
  assert.throws(() => parseEvent('{"type":"ADDED","object":{}}'), /an event without a resourceVersion/);
  assert.throws(() => parsePage('{"items":[]}'), /a list without a resourceVersion/);
  assert.throws(() => parsePage('{"metadata":{"resourceVersion":"1"}}'), /a list without items/);
  assert.throws(() => parsePage('[]'), /an answer that is no list/);
  for (const line of ['5', '{}', '{"type":5,"object":{}}', '{"type":"ADDED","object":[]}', '{"object":{}}'])
    assert.throws(() => parseEvent(line), /a line that is not a watch event/, line);
  const long = 'x'.repeat(100);
  assert.throws(() => parseEvent(long), new Corrupt(`text that is not JSON: "${long.slice(0, 60)}"`));
});

test('an error in a stream is one of the stream, in the words of the API server', () => {
  const object = { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' };
  assert.throws(() => parseEvent(JSON.stringify({ type: 'ERROR', object })), {
    status: 410,
    where: 'stream',
    message: 'the API server says 410: too old',
  });
});

test('a page has its items, its version and the token of the next', () => {
  const list = { kind: 'PodList', metadata: { resourceVersion: '7' }, items: [] };
  assert.deepEqual(parsePage(JSON.stringify(list), ['Pod']), { items: [], version: '7', next: '' });
  const more = { ...list, metadata: { resourceVersion: '7', continue: 'token' } };
  assert.equal(parsePage(JSON.stringify(more), ['Pod']).next, 'token');
  assert.throws(
    () => parsePage(JSON.stringify(list), ['Node']),
    new Corrupt('"PodList" in the place of NodeList'),
  );
});
