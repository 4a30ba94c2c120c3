/** The same pods in every run; another number of them with `SEED=2 npm test`. */
export const SEED = Number(process.env.SEED ?? 1);
