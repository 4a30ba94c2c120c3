// Prints who is in the group of its pod, whenever that changes, without any package.
import { follow, UnsupportedProtocol } from './members.mjs';

process.on('SIGTERM', () => process.exit(0));

try {
  for await (const group of follow(process.env.ROLLCALL_SOCKET)) console.log(String(group));
} catch (error) {
  if (!(error instanceof UnsupportedProtocol)) throw error;
  console.error(`rollcall: ${error.message}`);
  process.exit(1);
}
