/** Reviews and pods that are well formed and cost a lot. */

import { askingPod, type Json, review, skippedReview } from './reviews.ts';

/** A pod with so many containers; each is small. */
export function manyContainers(count: number): Json {
  const containers = Array.from({ length: count }, (_, index) => ({ name: `c${index}`, image: 'a' }));
  return askingPod({}, { containers });
}

/** A pod with `bytes` of annotations of ours that do not exist. */
export function manyKeys(bytes: number): Json {
  const annotations: Record<string, string> = {};
  for (let index = 0, size = 0; size < bytes; index += 1, size += 34) {
    annotations[`rollcall.dev/unknown-${index}`] = '';
  }
  return askingPod(annotations);
}

function fill(count: number, text: string): string {
  return Array.from({ length: count }, () => text).join(',');
}

/** Bodies of about `bytes`, each heavy in another way. */
export function heavyBodies(bytes: number): Record<string, string> {
  const skipped = skippedReview();
  const inside = (place: string, json: string) =>
    JSON.stringify(review({ ...askingPod(), FILL: 0 })).replace('"FILL":0', () => `"${place}":${json}`);
  return {
    'one long text': JSON.stringify(review(askingPod({ note: 'x'.repeat(bytes) }))),
    'empty objects in the old object': JSON.stringify({
      ...skipped,
      request: { ...skipped.request, oldObject: 'FILL' },
    }).replace('"FILL"', () => `[${fill(bytes / 3, '{}')}]`),
    'empty arrays in the status': inside('status', `[${fill(bytes / 3, '[]')}]`),
    'different keys': inside(
      'status',
      `{${Array.from({ length: bytes / 12 }, (_, i) => `"k${i}":0`).join(',')}}`,
    ),
    'deep arrays': inside('status', '['.repeat(bytes / 2) + ']'.repeat(bytes / 2)),
    numbers: inside('status', `[${fill(bytes / 8, '1e-300')}]`),
    'unknown keys': JSON.stringify(review(manyKeys(bytes))),
    containers: JSON.stringify(review(manyContainers(bytes / 30))),
    environment: JSON.stringify(
      review(
        askingPod(
          {},
          {
            containers: [
              {
                name: 'app',
                image: 'a',
                env: Array.from({ length: bytes / 36 }, (_, i) => ({ name: `E${i}`, value: '$(E0)' })),
              },
            ],
          },
        ),
      ),
    ),
    volumes: JSON.stringify(
      review(
        askingPod(
          {},
          { volumes: Array.from({ length: bytes / 32 }, (_, i) => ({ name: `v${i}`, emptyDir: {} })) },
        ),
      ),
    ),
    'owner references': JSON.stringify(
      review(
        skippedReview(Array.from({ length: bytes / 24 }, (_, i) => ({ kind: 'ReplicaSet', uid: `${i}` }))),
      ),
    ),
    escapes: JSON.stringify(review(askingPod({ 'rollcall.dev/on-change': '\u0001'.repeat(bytes / 6) }))),
    'words of a command': JSON.stringify(
      review(askingPod({ 'rollcall.dev/on-change': `${'"a" '.repeat(bytes / 6)}` })),
    ),
    'lines of a setting': JSON.stringify(
      review(askingPod({ 'rollcall.dev/notify': 'http://127.0.0.1:1/\n'.repeat(bytes / 22) })),
    ),
    'a selector': JSON.stringify(
      review(askingPod({ 'rollcall.dev/source': 'pods', 'rollcall.dev/selector': 'a=b,'.repeat(bytes / 4) })),
    ),
    'a list of containers': JSON.stringify(
      review(askingPod({ 'rollcall.dev/containers': 'app,'.repeat(bytes / 4) })),
    ),
    'a quantity': JSON.stringify(review(askingPod({ 'rollcall.dev/memory-limit': '9'.repeat(bytes) }))),
  };
}
