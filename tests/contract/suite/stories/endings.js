/** A copy of it all, and what ends things. */
export async function endings({ client, server }) {
  // A database is no text, which is all that prism passes on unharmed.
  await client.call('createBackup', { url: server.url, expect: 200 });
  await client.call('deleteDeployment', { path: { name: 'other' }, expect: 202 });
  const path = { name: 'web' };
  await client.call('deleteDeployment', { path, expect: 202 });
  await client.call('waitForDeployment', { path, query: { for: 'terminated', wait_seconds: 30 } });
}
