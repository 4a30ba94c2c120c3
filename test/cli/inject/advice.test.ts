/** Warnings about keys of Rollcall that will not do what the author of the workload expects. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { run } from '../run.ts';
import { inject } from './inject-text.ts';
import { CRON_JOB, STATEFUL_SET } from './manifests.ts';

const LINE = 'statefulset/db in shop: injected\n';

test('a StatefulSet that would wait for itself', async () => {
  const asks = 'rollcall.dev/inject: "true"';
  const waiting = STATEFUL_SET.replace(asks, `${asks}\n        rollcall.dev/wait-for: "3"`);
  assert.equal((await inject(waiting)).err, LINE);
  for (const [text, warned] of [
    ['all', false],
    ['1 ready', false],
    ['ordinal 0 ready', false],
    ['2 ready', true],
    ['ordinal 1', true],
  ] as const) {
    const ofFirst = waiting
      .replace('wait-for: "3"', `wait-for: "${text}"`)
      .replace('"Parallel"', 'OrderedReady');
    const { err } = await inject(ofFirst);
    assert.equal(/podManagementPolicy: Parallel/.test(err), warned, `${text}: ${err}`);
  }
  const ordered = await inject(waiting.replace('"Parallel"', 'OrderedReady'));
  assert.match(
    ordered.err,
    /warning: rollcall\.dev\/wait-for: "3" .*; set spec\.podManagementPolicy: Parallel\n/,
  );
  assert.equal(ordered.code, 0);
});

test('a key on what is around the template, or among the labels', async () => {
  const misplaced = CRON_JOB.replace(
    '  namespace: shop',
    '  namespace: shop\n  annotations: { rollcall.dev/port: "1" }',
  )
    .replace(
      '    spec:\n      template',
      '    metadata: { annotations: { rollcall.dev/source: dns } }\n    spec:\n      template',
    )
    .replace(
      '          annotations:',
      '          labels: { rollcall.dev/wait-for: "2" }\n          annotations:',
    );
  const template = 'spec.jobTemplate.spec.template.metadata.annotations';
  assert.deepEqual((await inject(misplaced)).err.split('\n').slice(1, -1), [
    `cronjob/tidy in shop: warning: annotation rollcall.dev/port does nothing in metadata.annotations; move it to ${template}`,
    `cronjob/tidy in shop: warning: annotation rollcall.dev/source does nothing in spec.jobTemplate.metadata.annotations; move it to ${template}`,
    `cronjob/tidy in shop: warning: label rollcall.dev/wait-for does nothing; write it as an annotation, in ${template}`,
  ]);
});

test('a key on a wrong level of the template, by inject and by explain', async () => {
  const annotations = (indent: string) => `${indent}annotations:\n${indent}  rollcall.dev/port: "1"\n`;
  const levels: [where: string, before: string, written: string][] = [
    ['.annotations', '        metadata:\n', annotations('        ')],
    ['', '        metadata:\n', '        rollcall.dev/port: "1"\n'],
    ['.metadata', '          annotations:\n', '          rollcall.dev/port: "1"\n'],
    ['.spec.annotations', '          containers:\n', annotations('          ')],
  ];
  for (const [where, before, written] of levels) {
    const input = CRON_JOB.replace(before, `${written}${before}`);
    assert.notEqual(input, CRON_JOB);
    const told =
      `warning: annotation rollcall.dev/port does nothing in spec.jobTemplate.spec.template${where}; ` +
      'move it to spec.jobTemplate.spec.template.metadata.annotations\n';
    const { err } = await inject(input);
    assert.equal(err.split('warning:').length, 2, err);
    assert.ok(err.includes(told), err);
    const explained = await run('explain', ['-f', '-'], { input, env: { KUBECONFIG: '/dev/null' } });
    assert.ok(explained.out.includes(told), explained.out + explained.err);
  }
});

test('keys under a map of the domain, and keys of a domain that is almost ours', async () => {
  const nested = CRON_JOB.replace(
    / +rollcall\.dev\/service: db\n/,
    '            rollcall.dev: { service: db }\n',
  );
  assert.notEqual(nested, CRON_JOB);
  const { err, code } = await inject(nested);
  assert.equal(code, 1);
  assert.match(
    err,
    /rollcall\.dev is a collection; write each key whole, such as rollcall\.dev\/service: "db"/,
  );
  const misspelt = await inject(CRON_JOB.replaceAll('rollcall.dev/', 'rolcall.dev/'));
  assert.match(misspelt.err, /skipped \(not-opted-in\)/);
  assert.match(
    misspelt.err,
    /warning: annotation rolcall\.dev\/inject is not known; is rollcall\.dev\/inject meant\?/,
  );
});

test('a key that there is not', async () => {
  const { err } = await inject(CRON_JOB.replace('rollcall.dev/service', 'rollcall.dev/servcie'), '--all');
  assert.match(err, /servcie is not known; is rollcall\.dev\/service meant\?/);
});
