import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Progress } from '../../../src/watcher/kubernetes/resume.ts';

/** A collection of so many objects, with this many changes in its last minute. */
function followed(objects: number, changes: number): Progress {
  const progress = new Progress();
  progress.listed(objects, 0);
  for (let change = 0; change < changes; change += 1) progress.event('MODIFIED', 60_000);
  progress.followed(60_000);
  return progress;
}

test('a watch goes on until it has missed as many changes as there are objects', () => {
  // 60 changes in a minute, so one a second; 10 objects.
  const progress = followed(10, 60);
  assert.equal(progress.resumes(60_000 + 9_999), true);
  assert.equal(progress.resumes(60_000 + 10_001), false);
});

test('the objects that came and went since the list count', () => {
  const [more, less] = [followed(10, 40), followed(10, 40)];
  for (let change = 0; change < 20; change += 1) {
    more.event('ADDED', 60_000);
    less.event('DELETED', 60_000);
  }
  for (const [progress, at] of [
    [more, 30_000],
    [less, 1000],
  ] as const) {
    progress.followed(60_000);
    assert.equal(progress.resumes(60_000 + at - 1), true, `before ${at}`);
    assert.equal(progress.resumes(60_000 + at + 1), false, `after ${at}`);
  }
});

test('a list begins anew, and so does the word that all was told', () => {
  const progress = followed(1, 60);
  assert.equal(progress.resumes(65_000), false);
  progress.followed(64_500);
  assert.equal(progress.resumes(65_000), true);
  progress.listed(100, 64_000);
  assert.equal(progress.resumes(70_000), true);
});
