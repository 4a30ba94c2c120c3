/** Programs in TypeScript that use all modules of the package, for the compiler: nothing of them runs. */

/** A module, whose types are those of the condition `import`. */
export const PROGRAM = `
    import { connect, type GroupChange, type LiveGroup, type Member, UnsupportedProtocol } from 'rollcall/client';
    import { type Admission, podsOf, type RunningWebhook, startWebhook, type WebhookOptions } from 'rollcall/testing';
    import { watchGroup, type WatchGroupOptions } from 'rollcall/watcher';

    export async function follow(signal: AbortSignal): Promise<string[]> {
      const group: LiveGroup = await connect('/run/rollcall/members.sock', { signal, unref: true }).ready();
      group.on('status', ({ stale, reason, since }) => console.log(stale, reason === 'forbidden', since.getTime()));
      group.on('error', (error) => console.log(error instanceof UnsupportedProtocol));
      const self: Member | undefined = group.self;
      for await (const change of group) print(change, self?.ordinal ?? 0);
      return [...group.members.values()].flatMap(({ addresses }) => addresses);
    }
    function print({ left, joined, changed, members, stale, revision }: GroupChange, ordinal: number): void {
      console.log([...left, ...joined, ...changed].map(({ uid }) => uid), members.get('a')?.ready, stale, revision + ordinal);
    }
    const options: WatchGroupOptions = { service: 'db', log: console };
    export const revision: number = watchGroup(options).revision;

    export async function admitted(rendered: string, given: WebhookOptions): Promise<string[]> {
      await using webhook: RunningWebhook = await startWebhook({ kubernetes: '1.36', ...given });
      const admissions: Admission[] = [];
      for (const pod of podsOf(rendered)) admissions.push(await webhook.admit(pod, { dryRun: true }));
      const binding = webhook.api.get('/apis/rbac.authorization.k8s.io/v1/namespaces/a/rolebindings/b')?.metadata?.uid;
      return admissions.flatMap(({ pod, codes }) => [pod.spec.containers[0]?.image ?? binding ?? '', ...codes]);
    }
    // @ts-expect-error: there is no such code
    export const told = ({ codes }: Admission): boolean => codes[0] === 'no-servcie';
    // @ts-expect-error: the map is the group's own
    connect().members.set('a', undefined);
    // @ts-expect-error: there is no such event
    connect().on('chnage', () => {});
    // @ts-expect-error: a group needs a service
    watchGroup({ namespace: 'default' });
`;

/** The same from CommonJS, for which TypeScript takes the types of the condition `require`. */
export const REQUIRED = `
    import client = require('rollcall/client');
    import testing = require('rollcall/testing');
    import watcher = require('rollcall/watcher');

    export const group: client.LiveGroup = watcher.watchGroup({ service: 'db' });
    export const revision: number = group.revision;
    export const pods: testing.PodManifest[] = testing.podsOf('kind: Pod');
`;

/** The types of both kinds of module are the same types, wherever a program passes one to the other. */
export const MIXED = `
    import { connect, type LiveGroup, UnsupportedProtocol } from 'rollcall/client';
    import { type Admission, startWebhook } from 'rollcall/testing';
    import type client = require('rollcall/client');
    import type testing = require('rollcall/testing');
    import { group } from './required.cjs';

    export const groups: LiveGroup[] = [group, connect().on('close', () => {})];
    export const required: typeof client.connect = connect;
    export const errors: (typeof client.UnsupportedProtocol)[] = [UnsupportedProtocol];
    export const start: typeof testing.startWebhook = startWebhook;
    export const admitted = (admission: Admission): testing.Admission => admission;
`;
