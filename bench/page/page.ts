import type { Run } from '../run-file.ts';
export function writePage(_run: Run): void {}
