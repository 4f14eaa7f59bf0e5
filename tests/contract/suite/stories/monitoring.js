import assert from 'node:assert/strict';

const SUMMARIES = ['getSummary', 'listLabels', 'listClusters'];

/** What dashboards and Prometheus ask. */
export async function monitoring({ client, server }) {
  const path = { name: 'web' };
  for (const id of SUMMARIES) await client.call(id);
  await client.call('getDeploymentUptime', { path, query: { window_seconds: '600' } });
  await client.call('listDeploymentProbes', { path, query: { window_seconds: '600' } });
  await client.call('getMetrics');
  const annotated = { annotations: { 'prometheus.io/scrape': 'true' } };
  await client.call('patchDeployment', { path, body: annotated, type: 'application/merge-patch+json' });
  const targets = await client.call('listPrometheusTargets');
  assert.ok(targets.body.length > 0);
  await client.call('getMetrics', { accept: 'application/openmetrics-text', url: server.url });
}
