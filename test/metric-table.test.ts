import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Definition, PROCESS_METRICS, SIDECAR_METRICS, WEBHOOK_METRICS } from '../src/metric-table.ts';
import { Metrics } from '../src/metrics.ts';
import { missing, runTool } from './support/go-tools.ts';

const all: readonly Definition[] = [
  ...Object.values(PROCESS_METRICS),
  ...Object.values(SIDECAR_METRICS),
  ...Object.values(WEBHOOK_METRICS),
];

/** Words that Prometheus' naming rules forbid: other units than base units, types, and what scrapes add. */
const NO_BASE_UNIT =
  /_(milliseconds|ms|microseconds|us|minutes|hours|days|kb|mb|kilobytes|megabytes|percent|sec|secs)(_|$)/;
const RESERVED = /_(bucket|count|sum|created|info_total|counter|gauge|histogram|summary)(_|$)/;

describe('every metric keeps to the naming rules of Prometheus', () => {
  for (const { name, type, help, labels = [], start = [], bounds } of all) {
    test(name, () => {
      assert.match(name, /^(rollcall|process)(_[a-z]+)+$/, 'a prefix, and words in snake case');
      assert.equal(
        name.endsWith('_total'),
        type === 'counter',
        '_total is for counters, and for all of them',
      );
      assert.doesNotMatch(name, NO_BASE_UNIT);
      assert.doesNotMatch(name, RESERVED);
      assert.match(help, /^[A-Z0-9].*\.$/, 'the help is a sentence');
      for (const label of labels) assert.match(label, /^[a-z]+$/);
      for (const one of start) assert.deepEqual(Object.keys(one), [...labels]);
      assert.equal(bounds !== undefined, type === 'histogram', 'a histogram has bounds, nothing else has');
      if (bounds !== undefined) {
        assert.match(name, /_(seconds|bytes)$/, 'its bounds are in a unit');
        assert.deepEqual(
          bounds.toSorted((one, other) => one - other),
          bounds,
        );
      }
    });
  }
});

test('no name is there twice', () => {
  const names = all.map(({ name }) => name);
  assert.deepEqual([...new Set(names)], names);
});

test('promtool finds nothing to say about them', { skip: missing('promtool') }, () => {
  const metrics = new Metrics();
  for (const definition of all) {
    if (definition.type === 'histogram') metrics.histogram(definition as Definition<never>).observe(0.02);
    else if (definition.type === 'counter') metrics.counter(definition);
    else metrics.read(definition as Definition<never>, () => 1);
  }
  assert.deepEqual(runTool('promtool', ['check', 'metrics'], metrics.text()), { code: 0, output: '' });
});
