/** The selectors that we accept are exactly those that a real kube-apiserver accepts. */
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { checkLabelSelector } from '../../src/label-selector.ts';
import { Random } from '../simulation/random.ts';
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts';
import { HUNG_MS } from '../support/deadlines.ts';
import { ODD_SELECTORS } from '../support/odd-selectors.ts';

suite('selectors on a real API server', { timeout: HUNG_MS }, () => {
  let plane: ControlPlane;

  before(async () => {
    plane = await startControlPlane();
  });

  after(async () => {
    await plane?.stop();
  });

  const status = async (selector: string) => {
    const query = `labelSelector=${encodeURIComponent(selector)}&limit=1`;
    return (await plane.request('GET', `/api/v1/namespaces/default/pods?${query}`)).status;
  };
  const isTaken = (selector: string) => {
    try {
      checkLabelSelector(selector);
      return true;
    } catch {
      return false;
    }
  };
  const disagreements = async (selectors: readonly string[]) => {
    const wrong: string[] = [];
    for (const selector of selectors) {
      const answer = await status(selector);
      if ((answer === 200) !== isTaken(selector) || ![200, 400].includes(answer))
        wrong.push(`${selector} ${answer}`);
    }
    return wrong;
  };

  test('the table of odd ones', async () => {
    assert.deepEqual(await disagreements(ODD_SELECTORS.map(([selector]) => selector)), []);
  });

  test('three hundred more, put together by chance', async () => {
    const random = new Random(1);
    const pieces = [
      'a',
      'b.c/d',
      '=',
      '==',
      '!=',
      '!',
      ',',
      ' ',
      ' in ',
      ' notin ',
      '(',
      ')',
      '(a,b)',
      '>',
      '<',
      '1',
      '-',
      'in',
    ];
    const selectors = Array.from({ length: 300 }, () =>
      Array.from({ length: random.integer(1, 7) }, () => random.pick(pieces)).join(''),
    ).filter((selector) => selector.trim() !== '');
    assert.deepEqual(await disagreements(selectors), []);
  });
});
