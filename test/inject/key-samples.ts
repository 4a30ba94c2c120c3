/** Texts for every key: some that its parser takes, and some that it refuses with what to give instead. */
import { keys } from '../../src/inject/annotations.ts';
import { type SidecarSetting, sidecarSettings } from '../../src/sidecar-settings.ts';

export type KeyName = keyof typeof keys;

export interface Samples {
  /** Good values: at least three, so that each level can have one of its own. */
  good: [string, string, string, ...string[]];
  bad: string[];
}

export const samples: Record<Exclude<KeyName, 'status' | 'injection'>, Samples> = {
  inject: { good: ['true', 'false', 'true'], bad: ['yes', 'True', '', '1', ' true'] },
  service: { good: ['db', 'cache', 'a-1', '0'], bad: ['My_DB', 'other/db', '', 'db.', '-a', 'a'.repeat(64)] },
  selector: {
    good: ['app=db', 'app in (db, cache)', 'app.kubernetes.io/name=db,role!=backup', '!canary'],
    bad: ['', ' ', 'app=db\nx', 'app="db"', '$(APP)'],
  },
  source: { good: ['endpointslices', 'dns', 'pods'], bad: ['', 'DNS', 'endpoints', 'pod'] },
  waitFor: {
    good: ['0', '3', '100000', '3 ready', 'ordinal 0 ready'],
    bad: ['', '-1', '1.5', 'many', '100001', 'ready', 'all ready now', 'ordinal ready', '3 Ready'],
  },
  group: {
    good: ['service tcp-servers', 'pods app in (a, b)', 'dns tcp-servers', 'service a in team-b'],
    bad: [
      '',
      'tcp-servers',
      'service',
      'service A',
      'pods ',
      'dns a in b',
      'service a of b',
      'service a in B',
    ],
  },
  waitForGroup: { good: ['2 ready', '3', 'ordinal 0 ready'], bad: ['', 'ready', '2 Ready', '-1'] },
  expectedOfGroup: {
    good: ['deployment web', '5', 'StatefulSet db'],
    bad: ['', 'owners', 'job x', 'deployment', '-1', '100001'],
  },
  memberLabelsOfGroup: { good: ['role', 'role,tier', 'a.b/c'], bad: ['', ',', 'role=primary', '-a'] },
  groupFile: { good: ['{ipv4}:{port}', 'server {hostname};', '{name}'], bad: ['', 'static', '{host}'] },
  expected: {
    good: ['statefulset db', 'Deployment web', '5', 'leaderworkerset x'],
    bad: ['', 'owners', 'job x', 'statefulset', 'statefulset DB', '-1', '1.5', '100001'],
  },
  memberLabels: {
    good: ['role', 'role,app.kubernetes.io/version', 'role tier'],
    bad: ['', ',', 'role=primary', '/role', 'a//b', '-a', 'é'],
  },
  waitTimeout: { good: ['90', '5m', '1h', '90s', '24h'], bad: ['0', '', '25h', '5 m', '1d', '-5s', '1.5m'] },
  waitAction: { good: ['continue', 'fail', 'continue'], bad: ['', 'Fail', 'restart'] },
  mountPath: {
    good: ['/run/rollcall', '/var/run/peers', '/data/peers_1', '/tmp/a/b.c'],
    bad: ['', '/', '/run', '/usr/lib/x', 'run/x', '/run/x/', '/run//x', '/run/../x', '/run/secrets/x'],
  },
  containers: { good: ['app', 'app,backup', 'app backup'], bad: ['', ',', 'App', 'a/b'] },
  file: {
    good: ['{hostname}:8848', '{name} {{}} {port:http}', 'server {ipv4}'],
    bad: ['', 'static', '{host}', '{name', '{name}\nother={name}'],
  },
  notify: {
    good: ['http://127.0.0.1:8080/members', 'udp://localhost:53', 'http://[::1]:80/ udp://127.0.0.2:1'],
    bad: ['', ' ', 'http://10.0.0.1/', 'https://127.0.0.1/', 'udp://127.0.0.1', 'udp://127.0.0.1:1/x'],
  },
  onStart: {
    good: ['/scripts/on-start.sh', 'cat -', "sh -c 'wc -l'"],
    bad: ['', ' ', 'a | b', "a 'b", 'a $X'],
  },
  onChange: {
    good: ['/scripts/on-change.sh', 'true', 'a "$(B)"'],
    bad: ['', 'a > b', 'a; b', 'a `b`', 'a "b'],
  },
  logLevel: { good: ['debug', 'warn', 'error'], bad: ['', 'Info', 'trace', '0'] },
  scripts: { good: ['db-scripts', 'a', 'a.b.c'], bad: ['', 'A', 'a_b', '-a', 'a-', 'a'.repeat(254)] },
  cpuRequest: { good: ['20m', '0.1', '1'], bad: ['', '0', '-1', '10 m', '1x', 'much'] },
  cpuLimit: { good: ['1', '250m', '2e0'], bad: ['', '0', '-1m', '1,5', 'Infinity'] },
  memoryRequest: { good: ['64Mi', '100M', '1e8'], bad: ['', '0Mi', '64mi', '64MB', 'NaN'] },
  memoryLimit: { good: ['256Mi', '0.25Gi', '200000k'], bad: ['', '0', '-128Mi', '128 Mi'] },
  port: { good: ['9100', 'off', '1'], bad: ['', '0', '65536', 'none', '80.5', 'Off'] },
  guaranteed: { good: ['auto', 'true', 'auto'], bad: ['', 'false', 'True', 'yes'] },
  nativeSidecar: { good: ['auto', 'true', 'false'], bad: ['', 'yes', 'Auto'] },
  podAccess: { good: ['true', 'false', 'true'], bad: ['', 'yes', 'True', '1'] },
  grant: { good: ['shop', 'shop, team-a', 'a b,c'], bad: ['', ',', 'Shop', 'shop, team_a', '*'] },
  serviceAccount: { good: ['auto', 'scoped', 'keep'], bad: ['', 'default', 'Keep'] },
};

export const sampled = Object.entries(samples) as [keyof typeof samples, Samples][];

/** Returns the key as somebody writes it: of a family, with a name that its row gives as an example. */
export function writtenKey(name: KeyName): string {
  const rows: Readonly<Record<string, SidecarSetting<unknown>>> = sidecarSettings;
  return keys[name].key + (rows[name]?.annotation?.named ?? '');
}
