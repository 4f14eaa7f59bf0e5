import { canary, web } from './documents.js';
import { ended, inState, waiting } from './waits.js';

/** Every order that steers a rollout. */
export async function rollouts({ client }) {
  const path = { name: 'web' };
  const apply = (version) =>
    client.call('applyDeployment', { path, body: web(version, { strategy: canary }) });

  const promoted = await apply('3');
  await waiting(client, 'web');
  for (const id of ['explainDeployment', 'listDeploymentRollouts', 'listDeploymentEndpoints', 'listReplicas'])
    await client.call(id, { path });
  await client.call('pauseDeployment', { path });
  await client.call('resumeDeployment', { path, body: {} });
  await client.call('promoteRollout', { path, body: { full: true } });
  await ended(client, 'web', promoted);

  const aborted = await apply('4');
  await waiting(client, 'web');
  await ended(client, 'web', await client.call('abortRollout', { path }));
  await ended(client, 'web', aborted);
  await client.call('retryRollout', { path });
  await waiting(client, 'web');
  await client.call('promoteRollout', { path });
  await inState(client, 'web', 'running');

  await client.call('restartDeployment', { path });
  await waiting(client, 'web');
  await client.call('terminateDeployment', { path });
  await inState(client, 'web', 'terminated');
  await client.call('startDeployment', { path });
  await inState(client, 'web', 'running');
}
