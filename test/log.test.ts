import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { jsonLog } from '../src/log.ts';
import { LOG_LEVELS, type LogLevel } from '../src/watcher/log.ts';

function lineOf(fields: Record<string, unknown>): string {
  const lines: string[] = [];
  jsonLog((line) => void lines.push(line)).info('message', fields);
  assert.equal(lines.length, 1);
  return lines[0]!;
}

describe('a log line', () => {
  test('is one object of JSON: time, level, message, fields', () => {
    const { time, ...rest } = JSON.parse(lineOf({ pod: 'db-0', count: 1, gone: undefined, none: null }));
    assert.ok(Math.abs(Date.parse(time) - Date.now()) < 60_000);
    assert.deepEqual(rest, { level: 'info', message: 'message', pod: 'db-0', count: 1, none: null });
  });

  test('holds no character that acts on whoever reads it', () => {
    const sly = '\u001b[31m\n\r\u0000\u007f\u009b31m\u2028\u2029\u202e\u2066\ufeff\u200f';
    const line = lineOf({ pod: sly });
    assert.match(line, /^[\x20-\x7e]+\n$/);
    assert.equal(JSON.parse(line).pod, sly, 'and nothing is lost');
  });

  test('cuts a field that is too long, of whatever kind', () => {
    const { text, list } = JSON.parse(lineOf({ text: 'x'.repeat(1e6), list: Array(1e5).fill('y') }));
    assert.equal(text, `${'x'.repeat(1024)}…`);
    assert.equal(list.length, 1025);
  });

  test('is written whatever a field is', () => {
    const round: Record<string, unknown> = {};
    round.round = round;
    const deep = JSON.parse('['.repeat(1e5) + ']'.repeat(1e5));
    const line = JSON.parse(lineOf({ round, deep, big: 10n, fn: () => 1 }));
    assert.deepEqual([line.round, line.deep, line.big], ['(not JSON)', '(not JSON)', '10']);
  });

  test('is a short line, and is parsed back, for any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 3000 }), (text) => {
        const line = lineOf({ text });
        assert.equal(line.indexOf('\n'), line.length - 1);
        assert.ok(line.length < 13_000);
        assert.doesNotThrow(() => JSON.parse(line));
      }),
    );
  });
});

describe('the level of a log', () => {
  const said = (least?: LogLevel) => {
    const lines: string[] = [];
    const log = jsonLog((line) => void lines.push(JSON.parse(line).level), least);
    for (const level of LOG_LEVELS) log[level]('message');
    return lines;
  };

  test('lets messages through from it on', () => {
    assert.deepEqual(said('debug'), ['debug', 'info', 'warn', 'error']);
    assert.deepEqual(said('info'), ['info', 'warn', 'error']);
    assert.deepEqual(said('warn'), ['warn', 'error']);
    assert.deepEqual(said('error'), ['error']);
  });

  test('is info unless another is given', () => {
    assert.deepEqual(said(), said('info'));
  });
});
