// The lowest ready member leads, as far as this pod can see. README.md says what that is good for, and what not.
import { connect } from 'rollcall/client';

process.on('SIGTERM', () => process.exit(0));

/** The ready member with the lowest ordinal; without ordinals, as in a Deployment, with the lowest name. */
export function candidate(members) {
  const ready = [...members].filter((member) => member.ready && !member.terminating);
  return ready.sort((a, b) => (a.ordinal ?? 0) - (b.ordinal ?? 0) || compare(a.name, b.name))[0];
}

/** By code points, which is the same in every pod, whatever its locale. */
const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

const group = connect(process.env.ROLLCALL_SOCKET ?? '/run/rollcall/members.sock');
let work;

for await (const { members, stale, reason } of group) {
  const leader = candidate(members.values());
  // Who can't see whether it still leads stops: it may have been replaced.
  const leads = leader?.self === true && !stale;
  console.log(
    `leader: ${leader?.name ?? 'nobody'} | ${leads ? 'this pod' : stale ? `unsure: ${reason}` : 'another'}`,
  );
  if (leads) work ??= setInterval(() => console.log('work: done by the leader'), 1000);
  else work = clearInterval(work);
}
