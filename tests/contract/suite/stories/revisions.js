import { web } from './documents.js';
import { ended } from './waits.js';

/** Ask before, deploy, compare, mark, go back. */
export async function revisions({ client }) {
  const path = { name: 'web' };
  await client.call('planDeployment', { path, body: web('2') });
  await client.call('planDeployment', { path: { name: 'new' }, body: web('1') });
  await ended(client, 'web', await client.call('applyDeployment', { path, body: web('2') }));
  for (const revision of ['1', 'latest', 'stable']) await client.call('getRevision', { path: { ...path, revision } });
  const marked = { ...path, revision: '1' };
  await client.call('diffRevision', { path: marked, query: { against: '2' } });
  await client.call('markRevision', {
    path: marked, type: 'application/merge-patch+json',
    body: { tags: ['known-good'], pinned: true, change_cause: 'the first one' },
  });
  const back = await client.call('rollBackDeployment', { path, body: { revision: 'known-good' } });
  await ended(client, 'web', back);
}
