import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exposed, type MetricFamily } from '../src/metric-text.ts';

/** The Accept header of Prometheus 3. */
const PROMETHEUS =
  'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2';

function families(): MetricFamily[] {
  return [
    {
      name: 'a_seconds',
      type: 'histogram',
      help: 'Says "how long", with a \\ and\na line.',
      samples: () => [
        ['_bucket', { le: 0.1 }, 1],
        ['_bucket', { le: 1 }, 1],
        ['_bucket', { le: Number.POSITIVE_INFINITY }, 2],
        ['_sum', {}, 7.5],
        ['_count', {}, 2],
      ],
    },
    { name: 'b_bytes_total', type: 'counter', help: 'B.', samples: () => [['', { of: 'a"b\\c\nd' }, 3]] },
    { name: 'c', type: 'gauge', help: 'C.', samples: () => [['', {}, 0]] },
  ];
}

test('whoever asks for OpenMetrics gets families without _total, units, floats as bounds, and an end', () => {
  const { contentType, text } = exposed(families(), PROMETHEUS);
  assert.equal(contentType, 'application/openmetrics-text; version=1.0.0; charset=utf-8');
  assert.equal(
    text,
    String.raw`# TYPE a_seconds histogram
# UNIT a_seconds seconds
# HELP a_seconds Says \"how long\", with a \\ and\na line.
a_seconds_bucket{le="0.1"} 1
a_seconds_bucket{le="1.0"} 1
a_seconds_bucket{le="+Inf"} 2
a_seconds_sum 7.5
a_seconds_count 2
# TYPE b_bytes counter
# UNIT b_bytes bytes
# HELP b_bytes B.
b_bytes_total{of="a\"b\\c\nd"} 3
# TYPE c gauge
# HELP c C.
c 0
# EOF
`,
  );
});

test('everybody else gets the text format 0.0.4', () => {
  const { contentType, text } = exposed(families(), undefined);
  assert.equal(contentType, 'text/plain; version=0.0.4; charset=utf-8');
  assert.equal(
    text,
    String.raw`# HELP a_seconds Says "how long", with a \\ and\na line.
# TYPE a_seconds histogram
a_seconds_bucket{le="0.1"} 1
a_seconds_bucket{le="1"} 1
a_seconds_bucket{le="+Inf"} 2
a_seconds_sum 7.5
a_seconds_count 2
# HELP b_bytes_total B.
# TYPE b_bytes_total counter
b_bytes_total{of="a\"b\\c\nd"} 3
# HELP c C.
# TYPE c gauge
c 0
`,
  );
});

const plain = [
  '',
  '*/*',
  'text/plain',
  'text/html, */*;q=0.1',
  'application/openmetrics-text;q=0',
  'q=;,;=,',
];
const open = ['application/openmetrics-text', 'Application/OpenMetrics-Text; q=0.3, text/plain;q=0.3'];

for (const accept of [...plain, 'application/openmetrics-text;q=0.3,text/plain', 'x/openmetrics-text']) {
  test(`"${accept}" is answered in plain text`, () => {
    assert.match(exposed([], accept).contentType, /^text\/plain/);
  });
}

for (const accept of open) {
  test(`"${accept}" is answered in OpenMetrics`, () => {
    assert.match(exposed([], accept).contentType, /^application\/openmetrics-text/);
    assert.equal(exposed([], accept).text, '# EOF\n');
  });
}
