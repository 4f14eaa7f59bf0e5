import assert from 'node:assert/strict';
import { web } from './documents.js';

const PATCH = 'application/merge-patch+json';
const DEPLOYMENT = { name: 'web' };

/** operation, options */
const WRITES = [
  ['createDeployment', { body: { name: 'new', ...web('1') } }],
  ['applyDeployment', { path: DEPLOYMENT, body: web('9') }],
  ['applyDeployment', { path: { name: 'new' }, body: web('1') }],
  ['patchDeployment', { path: DEPLOYMENT, body: { labels: { tier: null } }, type: PATCH }],
  ['scaleDeployment', { path: DEPLOYMENT, body: { replicas: 7 } }],
  ['rollBackDeployment', { path: DEPLOYMENT, body: { revision: 1 } }],
  ['pauseDeployment', { path: DEPLOYMENT }],
  ['restartDeployment', { path: DEPLOYMENT }],
  ['terminateDeployment', { path: DEPLOYMENT }],
  ['markRevision', { path: { ...DEPLOYMENT, revision: '1' }, body: { pinned: false }, type: PATCH }],
  ['createToken', { body: { name: 'never', scope: 'read' } }],
  ['allowNodeRejoin', { path: { node: 'n1' } }],
  ['removeNode', { path: { node: 'n1' }, force: true }],
  ['deleteDeployment', { path: DEPLOYMENT }],
];

/** Every kind of write as a trial, after which nothing is other than before. */
export async function dryRuns({ client }) {
  const before = await client.call('getDeployment', { path: DEPLOYMENT });
  for (const [id, options] of WRITES) {
    const query = { dry_run: 'true', ...(options.force ? { force: 'true' } : {}) };
    const { headers, body } = await client.call(id, { ...options, query });
    assert.equal(headers.get('dry-run'), 'true', id);
    assert.ok(body === null || body.dry_run === true, id);
  }
  const after = await client.call('getDeployment', { path: DEPLOYMENT });
  assert.equal(after.body.generation, before.body.generation);
  await client.call('getDeployment', { path: { name: 'new' }, expect: 404 });
}
