/** The iterators of maps, sets, arrays and generators, through which every walk goes. */
const ITERATORS = [
  new Map([[0, 0]]).entries(),
  new Set([0]).values(),
  [0].values(),
  (function* () {
    yield 0;
  })(),
].map((iterator) => prototypeOf(iterator));

/** Returns the number of steps that iterators make while `act` runs. */
export function byIteration(act: () => void): number {
  const count = counting();
  try {
    act();
  } finally {
    count.stop();
  }
  return count.steps;
}

/** The same until it resolves, with the few steps of whatever else runs meanwhile. */
export async function byIterationOf(act: () => Promise<void>): Promise<number> {
  const count = counting();
  try {
    await act();
  } finally {
    count.stop();
  }
  return count.steps;
}

function counting() {
  const restore = ITERATORS.map((prototype) => {
    const { next } = prototype;
    prototype.next = function (...given) {
      count.steps += 1;
      return next.apply(this, given);
    };
    return () => {
      prototype.next = next;
    };
  });
  const count = {
    steps: 0,
    stop() {
      for (const undo of restore) undo();
    },
  };
  return count;
}

/** The object that has `next`. */
function prototypeOf(iterator: object): { next(...given: unknown[]): unknown } {
  let prototype = Object.getPrototypeOf(iterator);
  while (!Object.hasOwn(prototype, 'next')) prototype = Object.getPrototypeOf(prototype);
  return prototype;
}
