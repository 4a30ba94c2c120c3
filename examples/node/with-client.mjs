// Prints who is in the group of its pod, whenever that changes, with `rollcall/client`.
import { connect } from 'rollcall/client';

process.on('SIGTERM', () => process.exit(0));

const group = connect(process.env.ROLLCALL_SOCKET ?? '/run/rollcall/members.sock');

// The first item comes with the first snapshot. A later one has all that happened since the item before.
for await (const { members, stale, reason } of group) {
  const names = [...members.values()].map(({ name }) => name).sort();
  console.log(['members:', ...names, '|', stale ? `stale: ${reason}` : 'fresh'].join(' '));
}
