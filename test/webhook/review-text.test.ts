import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { test } from 'node:test';
import fc from 'fast-check';
import { keys } from '../../src/inject/annotations.ts';
import { sendJson } from '../../src/webhook/faults.ts';
import { review } from '../../src/webhook/review.ts';
import { reviewText } from '../../src/webhook/review-text.ts';
import { askingPod } from '../inject/pods.ts';
import { cluster, operationsOf, request } from './reviews.ts';

const anyText = fc.string({ unit: 'binary' });
const response = fc.record(
  {
    uid: fc.string({ minLength: 1 }),
    allowed: fc.boolean(),
    patchType: fc.constant('JSONPatch' as const),
    patch: fc.base64String(),
    warnings: fc.array(anyText),
    status: fc.record({ code: fc.nat(), reason: anyText, message: anyText }),
  },
  { requiredKeys: ['uid', 'allowed'] },
);

test('the text of a review is its JSON, whatever the response says', () => {
  fc.assert(
    fc.property(response, (one) => {
      const text = reviewText(one);
      assert.deepEqual(JSON.parse(text), {
        apiVersion: 'admission.k8s.io/v1',
        kind: 'AdmissionReview',
        response: JSON.parse(JSON.stringify(one)),
      });
    }),
  );
});

test('an answer goes out as the UTF-8 of its text, with as many bytes as it announces', () => {
  fc.assert(
    fc.property(fc.oneof(anyText, fc.string()), (text) => {
      const sent: { length?: number; bytes?: Buffer } = {};
      const fake = {
        writeHead: (_status: number, headers: Record<string, number>) => {
          sent.length = headers['content-length']!;
        },
        end: (body: string, encoding: BufferEncoding) => {
          sent.bytes = Buffer.from(body, encoding);
        },
      };
      sendJson(fake as unknown as ServerResponse, 200, text);
      assert.deepEqual(sent.bytes, Buffer.from(text));
      assert.equal(sent.length, sent.bytes!.length);
    }),
  );
});

test('a patch with what is not ASCII is the base64 of its UTF-8', async () => {
  const { context } = cluster();
  const object = askingPod(({ metadata }) => {
    metadata!.annotations![keys.onStart.key] = 'echo größer ✓';
  });
  const { response: answer } = await review(request({ object }), context);
  assert.match(JSON.stringify(operationsOf(answer)), /echo größer ✓/);
});
