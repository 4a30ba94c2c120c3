/**
 * How long tests wait for what is bound to happen. Nothing is slower for a long deadline but a test that fails: a
 * machine that is ten times slower than the one on which a test was written is no reason for it to do so.
 */

/** The wait for one event: some hundred times what it takes on an idle machine. */
export const PATIENCE_MS = 60_000;

/** The wait for a server that starts or comes back, and for watchers whose backoff reaches 30 s. */
export const RECOVERY_MS = 180_000;

/** The time after which a suite counts as one that hangs: the longest takes 95 s on two cores. */
export const HUNG_MS = 900_000;
