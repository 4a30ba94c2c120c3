import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { Answers } from '../answering-api.ts';
import { ADMISSION, CONFIGURATION, CREATE, codesOf, DEPLOYMENTS, fine } from './checked-cluster.ts';

describe('rollcall check', () => {
  describe('before an installation', () => {
    const REVIEW = 'POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
    const POLICIES = `GET ${ADMISSION}/validatingadmissionpolicies`;
    const native = { initContainers: [{ name: 'sidecar', restartPolicy: 'Always' }], containers: [] };
    const before: Answers = {
      [REVIEW]: [201, { status: { allowed: true } }],
      [POLICIES]: [200, { items: [] }],
      [CREATE]: [201, { spec: native }],
      'GET /apis': [200, { groups: [{ name: 'apps' }] }],
      [CONFIGURATION]: [404, {}],
      [DEPLOYMENTS]: [200, { items: [] }],
    };
    const codesBefore = (t: TestContext, answers: Answers) => codesOf(t, { ...before, ...answers }, '--pre');

    test('a cluster that has all of it', async (t) => {
      assert.deepEqual(await codesBefore(t, {}), []);
    });

    test('a cluster that has it already, or a part of it', async (t) => {
      const there: Answers = { [DEPLOYMENTS]: fine[DEPLOYMENTS]! };
      assert.deepEqual(await codesBefore(t, there), ['installed-already']);
      const service = { namespace: 'who', name: 'rollcall' };
      const left = { webhooks: [{ name: 'pods.rollcall.dev', clientConfig: { service } }] };
      assert.deepEqual(await codesBefore(t, { [CONFIGURATION]: [200, left] }), ['installed-already']);
    });

    test('a user who may not install', async (t) => {
      assert.deepEqual(await codesBefore(t, { [REVIEW]: [201, { status: { allowed: false } }] }), [
        'may-not-install',
      ]);
    });

    test('a gate that is off, and no policies', async (t) => {
      const dropped = { initContainers: [{ name: 'sidecar' }], containers: [] };
      assert.deepEqual(await codesBefore(t, { [CREATE]: [201, { spec: dropped }] }), ['no-native-sidecars']);
      assert.deepEqual(await codesBefore(t, { [CREATE]: [403, { message: 'no' }] }), ['not-tried']);
      assert.deepEqual(await codesBefore(t, { [POLICIES]: [404, {}] }), ['no-policies']);
    });

    test('a platform that asks for something', async (t) => {
      const openshift: Answers = { 'GET /apis': [200, { groups: [{ name: 'security.openshift.io' }] }] };
      assert.deepEqual(await codesBefore(t, openshift), ['platform']);
    });
  });
});
