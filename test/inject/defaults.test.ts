import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDefaults } from '../../src/inject/defaults.ts';

test('a default is any annotation that a namespace could have', () => {
  const texts = ['rollcall.dev/wait-for=3', 'rollcall.dev/file.cluster.conf={hostname}:{port:a}=x'];
  assert.deepEqual(parseDefaults(texts), {
    'rollcall.dev/wait-for': '3',
    'rollcall.dev/file.cluster.conf': '{hostname}:{port:a}=x',
  });
});

test('one that no pod could have is refused, with what to give', () => {
  for (const [text, sentence] of [
    ['cpu', /"cpu" is not valid; give KEY=VALUE with one of rollcall\.dev\/service /],
    ['rollcall.dev/nope=1', /give KEY=VALUE/],
    ['rollcall.dev/inject=true', /give KEY=VALUE/],
    ['rollcall.dev/status=x', /give KEY=VALUE/],
    ['rollcall.dev/wait-for=many', /"rollcall\.dev\/wait-for=many" is not valid; give a number of members/],
    ['rollcall.dev/file.members.json={hostname}', /is a name that rollcall uses itself/],
    ['rollcall.dev/file.a/b={hostname}', /not a plain file name/],
    ['rollcall.dev/file.={hostname}', /not a plain file name/],
  ] as const) {
    assert.throws(() => parseDefaults([text]), { message: sentence });
  }
});
