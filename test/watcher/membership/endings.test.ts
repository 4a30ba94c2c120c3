import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Endings } from '../../../src/watcher/membership/endings.ts';
import type { Part } from '../../../src/watcher/membership/part.ts';
import { byIteration } from '../counted-steps.ts';
import { member } from '../scripted-source.ts';

const well = member('u0');
const ending = member('u0', { terminating: true });
const other = member('u1');

/** Endings that have noted that `u0` terminates, in a part that also has `u1`. */
function noted() {
  const endings = new Endings();
  endings.note('u0', { before: [well], after: [ending] });
  const parts = new Map<string, Part>([['a', { key: 'a', members: [ending, other] }]]);
  return { endings, parts };
}

test('who terminates is lost by any event that takes it out of its part', () => {
  const { endings, parts } = noted();
  assert.equal(endings.areLostBy({ type: 'delete', key: 'a' }, parts), true);
  assert.equal(endings.areLostBy({ type: 'set', key: 'a', members: [other] }, parts), true);
  assert.equal(endings.areLostBy({ type: 'replace', parts: new Map([['a', [other]]]) }, parts), true);
  assert.equal(endings.areLostBy({ type: 'replace', parts: new Map() }, parts), true);
});

test('an event that leaves it there, or is about another part or member, loses nobody', () => {
  const { endings, parts } = noted();
  assert.equal(endings.areLostBy({ type: 'set', key: 'a', members: [ending] }, parts), false);
  assert.equal(endings.areLostBy({ type: 'delete', key: 'b' }, parts), false);
  assert.equal(endings.areLostBy({ type: 'replace', parts: new Map([['a', [ending]]]) }, parts), false);
});

test('a list of many parts costs a step for each part and each address, not for each pair of them', () => {
  const endings = new Endings();
  const many = Array.from({ length: 100 }, (_, at) => at);
  for (const at of many) {
    const gone = { identity: 'address' as const, addresses: [`10.0.0.${at}`], terminating: true };
    endings.note(`10.0.0.${at}:80`, { before: [], after: [member(`10.0.0.${at}:80`, gone)] });
  }
  const elsewhere = member('u0', { addresses: ['10.0.1.1'] });
  const parts = new Map(many.map((at) => [`s${at}`, [elsewhere]]));
  let lost: boolean | undefined;
  const steps = byIteration(() => {
    lost = endings.areLostBy({ type: 'replace', parts }, new Map());
  });
  assert.equal(lost, false);
  assert.ok(steps < 1000, `${steps} steps`);
});

test('what was told, and what was taken back, is not lost any more', () => {
  const told = noted();
  told.endings.clear();
  assert.equal(told.endings.areLostBy({ type: 'delete', key: 'a' }, told.parts), false);
  const back = noted();
  back.endings.note('u0', { before: [ending], after: [well] });
  assert.equal(back.endings.areLostBy({ type: 'delete', key: 'a' }, back.parts), false);
});

test('one that has gone from a part is still an ending where it stands in another', () => {
  const { endings, parts } = noted();
  endings.note('u0', { before: [ending], after: [] });
  assert.equal(endings.areLostBy({ type: 'delete', key: 'a' }, parts), true);
});

test('of several that terminate, each is lost by itself', () => {
  const { endings, parts } = noted();
  endings.note('u1', { before: [other], after: [member('u1', { terminating: true })] });
  assert.equal(endings.areLostBy({ type: 'set', key: 'a', members: [ending] }, parts), true);
  assert.equal(endings.areLostBy({ type: 'set', key: 'a', members: [ending, other] }, parts), false);
});

test('an address counts only while its member terminates, and another only that has a uid', () => {
  const nameless = { identity: 'address' as const, addresses: ['10.0.0.1'] };
  const gone = member('10.0.0.1:80', { ...nameless, terminating: true });
  const heir = member('u2', { addresses: ['10.0.0.1'] });
  const withAddress = () => {
    const { endings } = noted();
    endings.note('10.0.0.1:80', { before: [], after: [gone] });
    return endings;
  };
  const losesTo = (endings: Endings, who: typeof heir) =>
    endings.areLostBy({ type: 'set', key: 'b', members: [who] }, new Map());
  assert.equal(losesTo(withAddress(), heir), true);
  assert.equal(losesTo(withAddress(), gone), false, 'itself');
  const back = withAddress();
  back.note('10.0.0.1:80', { before: [gone], after: [member('10.0.0.1:80', nameless)] });
  assert.equal(losesTo(back, heir), false, 'taken back');
  const told = withAddress();
  told.clear();
  told.note('u0', { before: [well], after: [ending] });
  assert.equal(losesTo(told, heir), false, 'told');
});
