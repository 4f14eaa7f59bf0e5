import { until } from './waits.js';

/** Nodes as operators see them. */
export async function nodes({ client }) {
  await until(client, 'listNodes', {}, (body) => body.items.some((item) => item.state === 'ready'));
  await client.call('getNode', { path: { node: 'n1' } });
  await client.call('getNodeLive', { path: { node: 'n1' } });
}

/** A node's life as its worker calls it. */
export async function worker({ client, readJoinToken, lenientUrl }) {
  const path = { node: 'n2' };
  const token = 'n2-token-'.padEnd(48, 'x');
  const body = {
    token, address: '127.0.0.2', boot_id: 'boot-1', labels: { disk: 'ssd' },
    capacity: { cpu_millis: 1000, memory_mib: 512 }, agent_version: '0.1.0', drivers: ['process'],
  };
  const registered = await client.call('registerNode', { path, body, token: readJoinToken(), expect: 201 });
  await client.call('registerNode', { path, body, token, expect: 200 });
  await client.call('getAssignments', { path, token, query: { index: '0' } });
  const report = { boot_id: 'boot-1', epoch: registered.body.epoch + 1, seq: 1, full: true };
  await client.call('reportReplicas', { path, token, body: report, expect: 204 });
  const wrong = { ...report, seq: 2, full: false, changes: [{ id: 'nobody-1', attempt: 'first', state: 'running' }] };
  await client.call('reportReplicas', { path, token, body: wrong, url: lenientUrl, expect: 200 });
  await client.call('getNode', { path });
  await client.call('allowNodeRejoin', { path });
  await client.call('stopUnknownReplicas', { path });
  await client.call('removeNode', { path, query: { force: 'true' }, expect: 204 });
}
