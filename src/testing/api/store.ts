/**
 * The state behind the API double: objects by path, one global version counter, and the history that
 * watches and paged lists are served from.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { ApiObject, Metadata } from './objects.ts';
import { applyPatch } from './patch.ts';
import { type ApiPath, apiError, apiVersionOf, kindOf, objectError } from './paths.ts';

/** A write. `before` is absent when the object was created, `after` when it was deleted. */
export interface Write {
  version: number;
  key: string;
  before?: ApiObject;
  /** The object; after a deletion its last state, under the version of the deletion. */
  object: ApiObject;
  deleted: boolean;
}

export interface ObjectStore {
  /** The version of the latest write. */
  version(): number;
  /** Versions below this one are gone from the history. */
  oldest(): number;
  compact(): void;
  get(target: ApiPath): ApiObject | undefined;
  /** Returns the objects of the collection as of `version`, in the order of their keys. */
  list(target: ApiPath, version?: number): ApiObject[];
  /** The writes to the collection after `version`, oldest first. */
  since(target: ApiPath, version: number): Write[];
  create(target: ApiPath, object: ApiObject): ApiObject;
  replace(target: ApiPath, object: ApiObject): ApiObject;
  patch(target: ApiPath, contentType: string, patch: unknown): ApiObject;
  delete(target: ApiPath, preconditions?: { uid?: string; resourceVersion?: string }): ApiObject;
  /** Has the listener called after every write. */
  onChange(listener: (change: Write) => void): void;
}

/** True when the change is about an object of the collection (or is the object that `target` names). */
export function covers(target: ApiPath, key: string): boolean {
  return key.startsWith(prefixOf(target)) && (!target.name || key === keyOf(target));
}

function prefixOf({ group, resource, namespace }: ApiPath): string {
  return namespace ? `${group}/${resource}/${namespace}/` : `${group}/${resource}/`;
}

function keyOf(target: ApiPath): string {
  return `${target.group}/${target.resource}/${target.namespace ?? ''}/${target.name ?? ''}`;
}

export function createStore(): ObjectStore {
  // Close to a change of length, so that code which compares versions as text is caught.
  let version = 96;
  let oldest = 0;
  const objects = new Map<string, ApiObject>();
  const listeners: ((change: Write) => void)[] = [];
  let history: Write[] = [];

  function commit(key: string, before: ApiObject | undefined, after: ApiObject | undefined) {
    version += 1;
    const object = stamped((after ?? before)!, version);
    if (after) objects.set(key, object);
    else objects.delete(key);
    const change = { version, key, object, deleted: !after, ...(before ? { before } : {}) };
    history.push(change);
    for (const listener of listeners) listener(change);
    return structuredClone(object);
  }

  function existing(target: ApiPath): ApiObject {
    const found = objects.get(keyOf(target));
    if (!found) throw objectError(404, target, 'not found');
    return found;
  }

  function update(target: ApiPath, before: ApiObject, wanted: ApiObject): ApiObject {
    checkIdentity(target, wanted);
    checkPreconditions(target, before, wanted.metadata ?? {});
    const after = { ...wanted, ...keptFields(before, wanted) };
    return isDeepStrictEqual(before, after) ? structuredClone(before) : commit(keyOf(target), before, after);
  }

  /** The objects as they were: the present, with the later writes undone. */
  function at(when: number): Map<string, ApiObject> {
    const past = new Map(objects);
    for (const change of history.toReversed()) {
      if (change.version <= when) break;
      if (change.before) past.set(change.key, change.before);
      else past.delete(change.key);
    }
    return past;
  }

  return {
    version: () => version,
    oldest: () => oldest,
    compact() {
      oldest = version;
      history = [];
    },
    get(target) {
      const found = objects.get(keyOf(target));
      return found && structuredClone(found);
    },
    list(target, when = version) {
      const entries = [...at(when)].filter(([key]) => covers(target, key));
      return entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => structuredClone(object));
    },
    since: (target, when) => history.filter((change) => change.version > when && covers(target, change.key)),
    create(target, wanted) {
      const object = newObject(target, plain(wanted));
      const named = { ...target, name: object.metadata!.name! };
      if (objects.has(keyOf(named))) throw objectError(409, named, 'already exists', 'AlreadyExists');
      return commit(keyOf(named), undefined, object);
    },
    replace: (target, wanted) => update(target, existing(target), plain(wanted)),
    patch(target, contentType, patch) {
      const before = existing(target);
      return update(target, before, applyPatch(before, contentType, patch) as ApiObject);
    },
    delete(target, preconditions = {}) {
      const before = existing(target);
      checkPreconditions(target, before, preconditions);
      return commit(keyOf(target), before, undefined);
    },
    onChange: (listener) => void listeners.push(listener),
  };
}

/** Returns a copy as it would have come over the wire, without `undefined` and with nothing shared. */
function plain(object: ApiObject): ApiObject {
  return JSON.parse(JSON.stringify(object));
}

function stamped(object: ApiObject, version: number): ApiObject {
  return { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } };
}

function newObject(target: ApiPath, wanted: ApiObject): ApiObject {
  checkIdentity(target, wanted);
  const { generateName, ...metadata } = wanted.metadata ?? {};
  const name =
    metadata.name ?? target.name ?? (generateName && `${generateName}${randomBytes(3).toString('hex')}`);
  if (!name) throw apiError(422, 'metadata.name: Required value: name or generateName is required');
  if (metadata.resourceVersion)
    throw apiError(400, 'resourceVersion should not be set on objects to be created');
  const { apiVersion: _apiVersion, kind: _kind, ...content } = wanted;
  return {
    kind: kindOf(target),
    apiVersion: apiVersionOf(target),
    ...content,
    metadata: {
      ...metadata,
      name,
      ...(generateName ? { generateName } : {}),
      ...(target.namespace ? { namespace: target.namespace } : {}),
      uid: randomUUID(),
      creationTimestamp: new Date().toISOString().replace(/\.\d+/, ''),
    },
  };
}

function checkIdentity(target: ApiPath, wanted: ApiObject): void {
  const { name, namespace } = wanted.metadata ?? {};
  if (namespace !== undefined && namespace !== (target.namespace ?? namespace))
    throw apiError(
      400,
      'the namespace of the provided object does not match the namespace sent on the request',
    );
  if (target.name && name !== undefined && name !== target.name)
    throw apiError(
      400,
      `the name of the object (${name}) does not match the name on the URL (${target.name})`,
    );
}

function checkPreconditions(target: ApiPath, before: ApiObject, given: Metadata): void {
  const { uid, resourceVersion } = before.metadata ?? {};
  if (given.uid !== undefined && given.uid !== uid)
    throw objectError(
      409,
      target,
      `Precondition failed: UID in precondition: ${given.uid}, UID in object meta: ${uid}`,
    );
  if (given.resourceVersion !== undefined && given.resourceVersion !== resourceVersion)
    throw objectError(
      409,
      target,
      'the object has been modified; please apply your changes to the latest version and try again',
    );
}

/** The fields that a client cannot change. */
function keptFields(before: ApiObject, wanted: ApiObject): ApiObject {
  const { name, namespace, uid, creationTimestamp, resourceVersion } = before.metadata!;
  const kept = JSON.parse(JSON.stringify({ name, namespace, uid, creationTimestamp, resourceVersion }));
  return { kind: before.kind!, apiVersion: before.apiVersion!, metadata: { ...wanted.metadata, ...kept } };
}
