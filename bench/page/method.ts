/** The section of the page about how its numbers are measured. */
export const METHOD = `## How it is measured

- Every webhook is a process of its own: Rollcall is the bundle as the image runs it, with the arguments and the
  environment of \`deploy/webhook.yaml\`. Where \`taskset\` is there, the server has one core, and the load generator,
  the API double and the bench have the others.
- The load generator is a Go program that writes requests prepared once, over TLS 1.3 and HTTP/1.1, as API servers
  do. It verifies every answer: status, uid, allowed, and whether there is a patch. Its CPU time is not counted.
- The measure of work is utime and stime of \`/proc/PID/stat\`, which is the whole process with all its threads. A
  measurement ends when the server has spent 0.5 s of CPU time. Wall clocks say little on a machine that others use.
- A ratio of p99 compares the turn of each that was disturbed the least: a wall clock runs on while others have the core.
- Each case is measured once in every turn for every webhook, and who is first changes with the turn.
- A review of 2 KB is a pod with one container; of 6 KB one with two, probes, a token and managed fields; of 100 KB
  one with eight containers and hundreds of variables. "Injected" is a pod that was injected before and is seen again.
- **Go stdlib** is the yardstick: net/http and encoding/json with the types of k8s.io/api, as such webhooks are
  written. **Types of its own** is the same with types that hold only the fields that it reads, which is the least
  that Go's standard library needs. **controller-runtime** uses its decoder and \`PatchResponseFromRaw\`. All know
  the labels of the namespace from memory, write no log for a review, and answer with the same patch: the bench
  compares the pods that come out. Rollcall writes a line of log for each review.
- **Pepr** is its admission controller from npm with one action that makes the same change, and its default logs.
- **node:https alone** and **Express alone** parse the review and answer with a fixed patch: no webhook on Node can
  do more.`;
