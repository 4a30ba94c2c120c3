/** The output of a long run: the step that it is at, and the time that each took. */

export type Step = <T>(name: string, action: () => Promise<T>) => Promise<T>;

/** `who` stands in front of each line. */
export function steps(who: string): { step: Step; tell(error: unknown): void } {
  return {
    async step(name, action) {
      const began = Date.now();
      console.log(`${who}: ${name} ...`);
      try {
        return await action();
      } finally {
        console.log(`${who}: ${name}, ${seconds(began)}`);
      }
    },
    tell: (error) => console.error(`${who}: ${(error as Error).message}`),
  };
}

export function seconds(since: number): string {
  return `${((Date.now() - since) / 1000).toFixed(1)} s`;
}
