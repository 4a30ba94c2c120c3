/** `node --import`: an example's `rollcall/client` is the one under test, without a build. */

import { registerHooks } from 'node:module';

const CLIENT = new URL('../../src/client/client.ts', import.meta.url).href;

registerHooks({
  resolve: (specifier, context, next) => next(specifier === 'rollcall/client' ? CLIENT : specifier, context),
});
