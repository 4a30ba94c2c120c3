// Gives grpc-js the ready members of a group as backends, as Rollcall's sidecar tells of them: a target is
// "rollcall:///run/rollcall/members.sock?port=grpc", where the port has the name that the Service gives it.
// Resolvers are in the "experimental" part of grpc-js, so pin its version and try it before you raise it.
import { experimental, Metadata, status } from '@grpc/grpc-js';
import { connect } from 'rollcall/client';

class RollcallResolver {
  #path;
  #port;
  #listener;
  #group;

  constructor(target, listener) {
    const { pathname, searchParams } = new URL(`rollcall://${target.path.replace(/^\/*/, '/')}`);
    this.#path = pathname;
    this.#port = searchParams.get('port') ?? '';
    this.#listener = listener;
  }

  /** Begins to follow the group; later calls have nothing to do, since every change is told when it happens. */
  updateResolution() {
    if (this.#group) return;
    this.#group = connect(this.#path, { unref: true });
    // "change" comes with the first snapshot as well. A group that is stale stays: nobody leaves by staleness.
    this.#group.on('change', ({ members }) => this.#tell(ok(endpoints(members.values(), this.#port))));
    this.#group.on('error', (error) => this.#tell({ ok: false, error: unavailable(error.message) }));
  }

  destroy() {
    this.#group?.close();
    this.#group = undefined;
  }

  static getDefaultAuthority({ path }) {
    return path.split('?')[0];
  }

  #tell(result) {
    this.#listener(result, {}, null, '');
  }
}

const ok = (value) => ({ ok: true, value });
const unavailable = (details) => ({ code: status.UNAVAILABLE, details, metadata: new Metadata() });

/** Several addresses of one endpoint are one backend in two IP families. */
export function endpoints(members, port) {
  return [...members]
    .filter((member) => member.ready && member.addresses?.length > 0 && member.ports?.[port] !== undefined)
    .map(({ addresses, ports }) => ({ addresses: addresses.map((host) => ({ host, port: ports[port] })) }));
}

/** Call it once, before the first client is made. */
export function register() {
  experimental.registerResolver('rollcall', RollcallResolver);
}
