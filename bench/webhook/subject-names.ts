/** The webhooks that are compared, in the order of the tables. */
export const SUBJECTS = {
  ours: 'Rollcall',
  go: 'Go stdlib',
  'go-minimal': 'Go stdlib, types of its own',
  'controller-runtime': 'controller-runtime',
  pepr: 'Pepr',
  https: 'node:https alone',
  express: 'Express alone',
} as const;
export type SubjectName = keyof typeof SUBJECTS;
