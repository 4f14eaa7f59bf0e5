import assert from 'node:assert/strict';
import { web } from './documents.js';
import { ended } from './waits.js';

/** Create, apply again, change a part, scale, and the conditions of careful clients. */
export async function deployments({ client }) {
  const path = { name: 'web' };
  const headers = { 'Idempotency-Key': 'create-web' };
  const body = { name: 'web', ...web('1') };
  const created = await client.call('createDeployment', { body, headers, expect: 201 });
  const replayed = await client.call('createDeployment', { body, headers, expect: 201 });
  assert.equal(replayed.headers.get('idempotency-replayed'), 'true');
  assert.equal((await ended(client, 'web', created)).state, 'succeeded');

  const read = await client.call('getDeployment', { path });
  const etag = read.headers.get('etag');
  await client.call('getDeployment', { path, headers: { 'If-None-Match': etag }, expect: 304 });
  await client.call('applyDeployment', { path, body: read.body, headers: { 'If-Match': etag }, expect: 200 });
  await client.call('patchDeployment',
    { path, body: { labels: { tier: 'edge' } }, type: 'application/merge-patch+json' });
  await client.call('scaleDeployment', { path, body: { replicas: 3 } });
  await client.call('waitForDeployment', { path, query: { for: 'available', wait_seconds: 30 } });
  await client.call('applyDeployment',
    { path: { name: 'other' }, body: web('1', { replicas: 0 }), headers: { 'If-None-Match': '*' }, expect: 201 });
}
