import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseConfig, UsageError } from '../../src/config.ts';
import { groupsOf } from '../../src/sidecar/groups.ts';
import { sidecarSettings } from '../../src/sidecar-settings.ts';

const groups = (...flags: string[]) =>
  groupsOf(parseConfig(sidecarSettings, ['--namespace', 'shop', ...flags], {}));
const NAMED = ['--group', 'backends=service tcp-servers'];

describe('the groups of a sidecar', () => {
  test('are one without a name, where nobody names any', () => {
    const [first, ...others] = groups('--service', 'db', '--wait-for', '2');
    assert.deepEqual(first?.group, { namespace: 'shop', service: 'db' });
    assert.deepEqual([`${first?.sinks.waitFor}`, others], ['2', []]);
  });

  test('are that one and those under a name, each with a folder, a gate and files of its own', () => {
    const more = [
      '--group',
      'workers=pods app=worker',
      '--group',
      'far=service x in team-b',
      '--wait-timeout',
      '7s',
    ];
    const waits = ['--wait-for-group', 'backends=2 ready', '--group-file', 'workers.up.conf={ipv4}'];
    const [first, backends, workers, far] = groups('--service', 'db', ...NAMED, ...more, ...waits);
    assert.deepEqual(first?.sinks.directory, '/run/rollcall');
    assert.deepEqual(backends?.group, { name: 'backends', namespace: 'shop', service: 'tcp-servers' });
    assert.deepEqual(backends.sinks.file, []);
    assert.deepEqual([backends.source, `${backends.sinks.waitFor}`], ['endpointslices', '2 ready']);
    assert.deepEqual([backends.sinks.directory, backends.sinks.waitTimeout], ['/run/rollcall/backends', 7]);
    assert.deepEqual(workers?.group, { name: 'workers', namespace: 'shop', selector: 'app=worker' });
    assert.deepEqual([workers.source, workers.sinks.file.map(({ file }) => file)], ['pods', ['up.conf']]);
    assert.deepEqual(far?.group, { name: 'far', namespace: 'team-b', service: 'x' });
  });

  test('each say how many members there are to be, and which labels they have', () => {
    const about = [
      '--expected-of-group',
      'backends=deployment tcp',
      '--member-labels-of-group',
      'backends=role,tier',
    ];
    const more = ['--group', 'bare=dns x', '--group-file', 'backends.a={label:tier}'];
    const waits = ['--wait-for-group', 'backends=all ready'];
    const [first, backends, bare] = groups(
      '--service',
      'db',
      '--expected',
      '3',
      ...NAMED,
      ...about,
      ...more,
      ...waits,
    );
    assert.deepEqual([first?.expected, first?.memberLabels], [3, undefined]);
    assert.deepEqual(backends?.expected, { kind: 'deployment', name: 'tcp' });
    assert.deepEqual(backends.memberLabels, ['role', 'tier']);
    assert.deepEqual([bare?.expected, bare?.memberLabels], [undefined, undefined]);
  });

  test('may all have a name', () => {
    assert.deepEqual(
      groups(...NAMED).map(({ group }) => group.name),
      ['backends'],
    );
  });

  test('notify nobody and run nothing but in the first', () => {
    const [, backends] = groups(
      '--service',
      'db',
      ...NAMED,
      '--notify',
      'udp://127.0.0.1:1',
      '--on-start',
      'true',
    );
    assert.deepEqual([backends?.sinks.notify, backends?.sinks.onStart], [[], undefined]);
  });

  const refused: [what: string, flags: string[], message: RegExp][] = [
    [
      'a setting of a first group that there is not',
      [...NAMED, '--wait-for', '2'],
      /^--wait-for is about the group/,
    ],
    [
      'a file of one',
      [...NAMED, '--file', 'a={name}'],
      /^--file is about the group without a name.*give --service/,
    ],
    [
      'a number of members of one',
      [...NAMED, '--expected', '3'],
      /^--expected is about the group without a name/,
    ],
    [
      'labels of its members',
      [...NAMED, '--member-labels', 'role'],
      /^--member-labels is about the group without a name/,
    ],
    [
      'a file that is given twice',
      [...NAMED, '--group-file', 'backends.a={name}', '--group-file', 'backends.a={uid}'],
      /^--group-file: "backends.a" is given twice; give each file one line/,
    ],
    [
      'a wait for a group that there is not',
      [...NAMED, '--wait-for-group', 'x=2'],
      /^--wait-for-group: "x" is for a group that does not exist; give --group "x=service NAME", or change the name/,
    ],
    [
      'a wait for all of a group',
      [...NAMED, '--wait-for-group', 'backends=all'],
      /^--wait-for-group: "backends=all" needs to know how many .* give --expected-of-group, or a number/,
    ],
    [
      'a wait for all of a group beside a first one',
      ['--service', 'db', '--expected', '3', ...NAMED, '--wait-for-group', 'backends=all'],
      /^--wait-for-group: "backends=all" needs to know how many .* give --expected-of-group/,
    ],
    [
      'a wait for all of the first',
      ['--service', 'db', '--wait-for', 'all ready'],
      /^--wait-for: "all ready" needs to know how many members there are to be; give --expected, or/,
    ],
    [
      'what is expected of a group that there is not',
      [...NAMED, '--expected-of-group', 'x=3'],
      /^--expected-of-group: "x" is for a group that does not exist/,
    ],
    [
      'labels of a group that there is not',
      [...NAMED, '--member-labels-of-group', 'x=role'],
      /^--member-labels-of-group: "x" is for a group that does not exist/,
    ],
    [
      'labels that are given twice',
      [...NAMED, '--member-labels-of-group', 'backends=a', '--member-labels-of-group', 'backends=b'],
      /^--member-labels-of-group: "backends" is given twice; give the keys of each group together/,
    ],
    [
      'labels of members that DNS lists',
      ['--group', 'backends=dns tcp', '--member-labels-of-group', 'backends=a'],
      /^--member-labels-of-group: "backends" is a group of the source "dns", which knows no labels/,
    ],
    [
      'a file of a group that there is not',
      [...NAMED, '--group-file', 'x.a={name}'],
      /^--group-file: "x" is for a group that does not exist/,
    ],
    [
      'a file of one that goes by labels',
      [...NAMED, '--group-file', 'backends.a={label:role}'],
      /^--group-file: "backends\.a" uses the label "role"/,
    ],
    ['a name that is given twice', [...NAMED, ...NAMED], /^--group: "backends" is given twice/],
    [
      'a name that a file has',
      ['--service', 'db', ...NAMED, '--file', 'backends={name}'],
      /is the name of a file too/,
    ],
    [
      'more than anybody follows',
      Array.from({ length: 17 }, (_, i) => ['--group', `g${i}=dns a`]).flat(),
      /at most 16/,
    ],
    ['a name with a way up', ['--group', '..=dns a'], /"\.\." can not be the name of a group/],
    ['a selector of a service', ['--selector', 'a=b'], /goes with --source pods/],
  ];
  for (const [what, flags, message] of refused) {
    test(`are refused with ${what}`, () => {
      assert.throws(
        () => groups(...flags),
        (error) => error instanceof UsageError && message.test(error.message),
      );
    });
  }
});
