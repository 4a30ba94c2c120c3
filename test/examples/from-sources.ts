/** For `node --import`: what says `rollcall/testing` gets the sources of this repository, as if they were installed. */
import { registerHooks } from 'node:module';

const modules: Record<string, string> = {
  'rollcall/client': '../../src/client/client.ts',
  'rollcall/testing': '../../src/testing/testing.ts',
  'rollcall/watcher': '../../src/client/watch-group.ts',
};

registerHooks({
  resolve(specifier, context, next) {
    const source = modules[specifier];
    return next(source === undefined ? specifier : new URL(source, import.meta.url).href, context);
  },
});
