/** A token's life. */
export async function tokens({ client }) {
  const body = { name: 'dashboard', scope: 'read', expires_in_seconds: 3600 };
  const made = await client.call('createToken', { body });
  const path = { token: made.body.id };
  await client.call('whoAmI', { token: made.body.token });
  await client.call('getToken', { path });
  await client.call('rotateToken', { path });
  await client.call('revokeToken', { path });
}
