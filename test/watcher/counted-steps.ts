/** Every place that a map, a set, an array or a generator is walked in: what their iterators have in common. */
const ITERATORS = [
  new Map([[0, 0]]).entries(),
  new Set([0]).values(),
  [0].values(),
  (function* () {
    yield 0;
  })(),
].map((iterator) => prototypeOf(iterator));

/** How many steps iterators make while `act` runs. */
export function byIteration(act: () => void): number {
  let steps = 0;
  const restore = ITERATORS.map((prototype) => {
    const { next } = prototype;
    prototype.next = function (...given) {
      steps += 1;
      return next.apply(this, given);
    };
    return () => {
      prototype.next = next;
    };
  });
  try {
    act();
  } finally {
    for (const undo of restore) undo();
  }
  return steps;
}

/** The object that has `next`. */
function prototypeOf(iterator: object): { next(...given: unknown[]): unknown } {
  let prototype = Object.getPrototypeOf(iterator);
  while (!Object.hasOwn(prototype, 'next')) prototype = Object.getPrototypeOf(prototype);
  return prototype;
}
