import assert from 'node:assert/strict';

const FILES = ['getOpenapi', 'getOpenapiJson', 'getDeploymentSchema', 'getDocs', 'getDocsScript', 'getDocsStyle'];

/** What is open to everybody. */
export async function system({ client }) {
  for (const id of ['getLiveness', 'getReadiness', 'getVersion']) await client.call(id);
  for (const id of FILES) {
    const { headers } = await client.call(id);
    assert.equal(headers.get('cache-control'), 'no-cache');
    await client.call(id, { headers: { 'If-None-Match': headers.get('etag') }, expect: 304 });
  }
}
