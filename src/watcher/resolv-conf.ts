import { readFileSync } from 'node:fs';
import { isDnsLabel } from './membership/grammar.ts';

/**
 * This file reads a resolv.conf: the facts about the cluster in its search list, and its name servers. The kubelet
 * writes `NAMESPACE.svc.DOMAIN svc.DOMAIN DOMAIN` in front of the entries of the node, any of which may contain
 * "svc." somewhere. So only an entry counts that has exactly the form of one of the kubelet's.
 */

/** Returns the text of this machine's. */
export function resolvConf(file = '/etc/resolv.conf'): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // A file that is not there is as an empty one, to libc too.
    return '';
  }
}

/** Returns the cluster's DNS domain; undefined where nothing says it. */
export function clusterDomainIn(resolvConf: string, namespace: string | undefined): string | undefined {
  const entries = searched(resolvConf);
  const prefixes = namespace === undefined ? ['svc.'] : [`${namespace}.svc.`, 'svc.'];
  for (const prefix of prefixes) {
    const found = entries.find((entry) => entry.startsWith(prefix) && entry.length > prefix.length);
    if (found !== undefined) return found.slice(prefix.length);
  }
  return undefined;
}

/** Returns the namespace of the pod; undefined where the two entries of its cluster are not both there. */
export function namespaceIn(resolvConf: string): string | undefined {
  const entries = searched(resolvConf);
  for (const entry of entries) {
    const [namespace = '', service, ...domain] = entry.split('.');
    if (service === 'svc' && isDnsLabel(namespace) && entries.includes(`svc.${domain.join('.')}`))
      return namespace;
  }
  return undefined;
}

/** Returns the entries of the last search line, which is the one that counts. */
function searched(resolvConf: string): string[] {
  const line = [...resolvConf.matchAll(/^[ \t]*search[ \t]+(.*)$/gm)].at(-1);
  return (line?.[1]?.split(/\s+/) ?? []).map((entry) => entry.toLowerCase().replace(/\.$/, ''));
}

/** libc takes so many servers of a resolv.conf. */
const MAX_SERVERS = 3;

/** Returns the addresses of the name servers, as libc reads them; the machine itself where none is named. */
export function nameserversIn(resolvConf: string): string[] {
  const found = resolvConf.matchAll(/^[ \t]*nameserver[ \t]+(\S+)/gm);
  const servers = [...found].map(([, address]) => address!.replace(/%.*/, '')).slice(0, MAX_SERVERS);
  return servers.length === 0 ? ['127.0.0.1'] : servers;
}
