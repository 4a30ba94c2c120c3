/**
 * `npm run demo`: the main job end to end, with the real webhook and real sidecars as child processes and
 * an API double in this one. It fails when anything that it shows did not really happen. `-- --slow` is for talks.
 */
import { membersComeAndGo } from './membership-scene.ts';
import { pauseBeforeScene } from './pace.ts';
import { type Check, openStage, type Stage } from './stage.ts';
import {
  bold,
  columns,
  dim,
  green,
  heading,
  INDENT,
  item,
  print,
  red,
  seconds,
  wrapped,
} from './terminal.ts';
import { podIsAdmitted, webhookStarts } from './webhook-scene.ts';

async function play(stage: Stage): Promise<void> {
  heading(1, 'The webhook starts', 'It makes its own certificates and tells the API server what to trust.');
  await pauseBeforeScene();
  const webhook = await webhookStarts(stage);

  heading(2, 'A pod is admitted', 'The API server asks about db-0 of a StatefulSet; the answer is a patch.');
  await pauseBeforeScene();
  const admitted = await podIsAdmitted(stage, webhook);
  // It goes on serving for some seconds, as API servers may not have heard yet; the next scene plays meanwhile.
  webhook.process.signal('SIGTERM');

  heading(
    3,
    'Members come and go',
    'Beside each of three sidecars an application reads its Unix socket; here is what db-0 reads.',
  );
  await pauseBeforeScene();
  await membersComeAndGo(stage, admitted);

  await stage.stop();
}

function report(checks: Check[]): void {
  if (checks.length === 0) {
    print();
    return;
  }
  heading(4, 'What was checked', 'Each line is something that really happened.');
  for (const { what, passed, detail } of checks) {
    item(passed ? green('ok') : red('FAILED'), what);
    if (detail !== undefined) print(dim(`${INDENT}    ${detail}`));
  }
  print();
}

function summary(checks: Check[], failure: Error | undefined, duration: number): string {
  const failed = checks.filter(({ passed }) => !passed).length;
  if (failure) return red(`demo: stopped after ${checks.length} checks: ${failure.message}`);
  if (failed > 0) return red(`demo: ${failed} of ${checks.length} checks FAILED in ${seconds(duration)}`);
  return bold(green(`demo: ${checks.length} checks passed in ${seconds(duration)}`));
}

const title = 'Rollcall, end to end: real processes against an API double in this one.';
for (const line of wrapped(title, columns())) print(bold(line));
const began = performance.now();
const stage = await openStage();
let failure: Error | undefined;
try {
  await play(stage);
} catch (error) {
  failure = error as Error;
} finally {
  await stage.close();
}
report(stage.checks);
print(summary(stage.checks, failure, performance.now() - began));
process.exitCode = failure || stage.checks.some(({ passed }) => !passed) ? 1 : 0;
