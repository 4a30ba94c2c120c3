import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { run } from '../run.ts';
import { ASKS, CONTAINERS } from './asking-pod.ts';

describe('what is told acts on no terminal', () => {
  const acts = /[\p{Cc}\p{Bidi_Control}]/u;
  const sly = '\\e[2J\\e]0;x\\a\\x9b2J\\u202e\\r\\n';
  const asking =
    `apiVersion: v1\nkind: Pod\nmetadata:\n  name: "p${sly}"\n  namespace: "n${sly}"\n  annotations: {${ASKS}, ` +
    `rollcall.dev/on-change: "echo ${sly}", "rollcall.dev/x${sly}": "y"}\n`;
  const inputs: [what: string, input: string][] = [
    ['a pod that is injected', `${asking}spec:\n${CONTAINERS}`],
    ['a pod that is refused', `${asking.replace('service: x', `service: "x${sly}"`)}spec:\n${CONTAINERS}`],
    ['a container with a name of that kind', `${asking}spec:\n  containers: [{name: "c${sly}", ports: 1}]\n`],
    [
      'what is no pod',
      `apiVersion: v1\nkind: "Service${sly}"\nmetadata: {name: r, annotations: {${ASKS}}}\n`,
    ],
    ['what can not be read', `${asking}spec: {a: *"${sly}"}\n`],
  ];
  for (const [what, input] of inputs) {
    for (const command of ['inject', 'uninject', 'explain'] as const) {
      test(`${command}: ${what}`, async () => {
        const image = command === 'uninject' ? [] : ['--shell-image', 'r:1'];
        const { out, err } = await run(command, ['-f', '-', ...image], { input });
        const told = command === 'explain' ? out + err : err;
        if (command !== 'uninject') assert.notEqual(told, '');
        for (const line of told.split('\n')) assert.doesNotMatch(line, acts);
        if (command !== 'explain' || out === '') return;
        const json = await run(command, ['-f', '-', '-o', 'json', ...image], { input });
        for (const line of json.out.split('\n')) assert.doesNotMatch(line, acts);
        assert.equal(JSON.parse(json.out).length, 1);
      });
    }
  }
});
