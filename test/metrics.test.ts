import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Metrics } from '../src/metrics.ts';

test('a counter has one line for each set of labels', () => {
  const metrics = new Metrics();
  const requests = metrics.counter({
    name: 'requests_total',
    type: 'counter',
    help: 'Requests.',
    labels: ['result', 'code'],
  });
  requests.inc({ result: 'injected', code: '' });
  requests.inc({ result: 'injected', code: '' });
  requests.inc({ result: 'denied', code: 'no-service' }, 3);
  assert.equal(
    metrics.text(),
    `# HELP requests_total Requests.
# TYPE requests_total counter
requests_total{result="injected",code=""} 2
requests_total{result="denied",code="no-service"} 3
`,
  );
});

test('a counter starts at 0, so that an alert sees its first count', () => {
  const metrics = new Metrics();
  const plain = metrics.counter<never>({ name: 'faults_total', type: 'counter', help: 'Faults.' });
  const labelled = metrics.counter({
    name: 'ends_total',
    type: 'counter',
    help: 'Ends.',
    labels: ['reason'],
    start: [{ reason: 'room' }],
  });
  assert.match(metrics.text(), /^faults_total 0$/m);
  assert.match(metrics.text(), /^ends_total\{reason="room"\} 0$/m);
  plain.inc();
  labelled.inc({ reason: 'room' });
  labelled.inc({ reason: 'idle' });
  assert.match(metrics.text(), /^faults_total 1$/m);
  assert.match(metrics.text(), /^ends_total\{reason="room"\} 1\nends_total\{reason="idle"\} 1$/m);
});

test('a histogram counts upwards, a value on a bound below it, and everything in +Inf', () => {
  const metrics = new Metrics();
  const seconds = metrics.histogram({ name: 'seconds', type: 'histogram', help: 'Time.', bounds: [0.1, 1] });
  for (const value of [0.05, 0.1, 0.5, 7]) seconds.observe(value);
  assert.equal(
    metrics.text(),
    `# HELP seconds Time.
# TYPE seconds histogram
seconds_bucket{le="0.1"} 2
seconds_bucket{le="1"} 3
seconds_bucket{le="+Inf"} 4
seconds_sum 7.65
seconds_count 4
`,
  );
});

test('a value that is read is asked for at each scrape, and left out while unknown', () => {
  const metrics = new Metrics();
  let value: number | undefined;
  metrics.read({ name: 'members', type: 'gauge', help: 'Members.' }, () => value);
  assert.doesNotMatch(metrics.text(), /^members /m);
  value = 0;
  assert.match(metrics.text(), /^members 0$/m);
  value = 3;
  assert.match(metrics.text(), /^# TYPE members gauge\nmembers 3$/m);
});
