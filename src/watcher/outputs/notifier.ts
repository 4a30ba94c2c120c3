import type { Output } from '../watch.ts';

/** Tells one local receiver of the group, always in whole snapshots with epoch and revision. */
export interface Notifier extends Output {
  /** Where to, without credentials: for logs and metrics. */
  readonly target: string;
  readonly sent: number;
  readonly failed: number;
  /** Revisions that did not fit a datagram; always 0 over HTTP. */
  readonly tooLarge: number;
  close(): void;
}
