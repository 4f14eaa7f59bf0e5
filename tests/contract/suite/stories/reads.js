import assert from 'node:assert/strict';
import { until } from './waits.js';

const OF_DEPLOYMENT = ['getDeployment', 'getDeploymentStatus', 'explainDeployment', 'listDeploymentEvents',
  'listDeploymentReplicas', 'listDeploymentProbes', 'listRevisions', 'listDeploymentRollouts'];
const LISTS = ['listDeployments', 'listReplicas', 'listNodes', 'listRollouts', 'listEvents', 'listTokens'];

/** Everything that shows what runs. */
export async function reads({ client }) {
  const path = { name: 'web' };
  for (const id of OF_DEPLOYMENT) await client.call(id, { path, query: { cluster: 'default' } });
  const text = await client.call('listDeploymentEndpoints', { path, accept: 'text/plain' });
  assert.match(text.text, /^127\.0\.0\.1:\d+ 1 active\n/);
  await client.call('listDeploymentEndpoints', { path });
  await pages(client);

  const { body } = await client.call('listReplicas');
  const replica = body.items.find((item) => item.state === 'running').id;
  for (const id of ['getReplica', 'getReplicaLive', 'getReplicaProbes'])
    await client.call(id, { path: { replica } });
  await until(client, 'listEvents', { query: { after: '1' } }, (seen) => seen.items.length > 0);
}

/** Each list page by page, and again as a whole for one that has it already. */
async function pages(client) {
  for (const id of LISTS) {
    const first = await client.call(id, { query: { limit: '1' } });
    const cursor = first.body.next_cursor;
    if (cursor !== null) {
      assert.match(first.headers.get('link'), /rel="next"/);
      await client.call(id, { query: { limit: '1', cursor } });
    }
    const etag = first.headers.get('etag');
    if (etag) await client.call(id, { query: { limit: '1' }, headers: { 'If-None-Match': etag }, expect: 304 });
  }
  await client.call('listDeployments', { query: { selector: 'team=shop,!canary' } });
}
