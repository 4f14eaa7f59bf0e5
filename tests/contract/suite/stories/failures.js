import assert from 'node:assert/strict';
import { web } from './documents.js';

/** operation, options, status, code */
const FAILURES = [
  ['getDeployment', { path: { name: 'none' } }, 404, 'not_found'],
  ['getDeployment', { path: { name: 'web' }, token: 'wrong' }, 401, 'unauthorized'],
  ['getDeployment', { path: { name: 'web' }, query: { cluser: 'default' } }, 400, 'unknown_parameter'],
  ['listDeployments', { query: { limit: '0' } }, 400, 'bad_parameter'],
  ['listDeployments', { query: { cursor: 'x' } }, 400, 'bad_cursor'],
  ['listDeployments', { query: { selector: 'a=(' } }, 400, 'bad_parameter'],
  ['createDeployment', { body: { name: 'web', ...web('1') } }, 409, 'already_exists'],
  ['createDeployment', { body: { name: 'A', spec: { replcas: 1 } } }, 422, 'invalid'],
  ['createDeployment', { body: { name: 'new', cluster: 'none', ...web('1') } }, 422, 'unknown_cluster'],
  ['applyDeployment', { path: { name: 'web' }, body: web('1'), headers: { 'If-Match': '"a.1.1"' } }, 412, 'precondition_failed'],
  ['scaleDeployment', { path: { name: 'none' }, body: { replicas: 1 } }, 404, 'not_found'],
  ['scaleDeployment', { path: { name: 'web' }, body: { replicas: -1 } }, 422, 'invalid'],
  ['promoteRollout', { path: { name: 'web' } }, 409, 'illegal_state'],
  ['getRevision', { path: { name: 'web', revision: '999' } }, 404, 'not_found'],
  ['getRollout', { path: { name: 'web', rollout: '999' } }, 404, 'not_found'],
  ['getReplica', { path: { replica: 'none' } }, 404, 'not_found'],
  ['getNode', { path: { node: 'none' } }, 404, 'not_found'],
  ['createToken', { body: { name: 'a', scope: 'all' } }, 422, 'invalid'],
  ['getAssignments', { path: { node: 'n1' } }, 403, 'forbidden'],
];

/** Bodies that prism itself refuses: they go to the server, and ajv judges the answers. */
const BODIES = [
  ['createDeployment', { body: '{"name": "a",}' }, 400, 'malformed_json'],
  ['createDeployment', { body: '{}', type: 'text/plain' }, 415, 'unsupported_media_type'],
  ['createDeployment', { body: `{"description": "${'x'.repeat(300_000)}"}` }, 413, 'too_large'],
];

/** Failures look as described: the requests are wrong on purpose, so only answers are checked. */
export async function failures({ client, lenientUrl, server }) {
  const fails = async ([operation, options, expect, code], url) => {
    const { body } = await client.call(operation, { ...options, expect, url });
    assert.equal(body.code, code, operation);
  };
  for (const failure of FAILURES) await fails(failure, lenientUrl);
  for (const failure of BODIES) await fails(failure, server.url);
  const headers = { 'Idempotency-Key': 'other-body' };
  const path = { name: 'web' };
  await client.call('scaleDeployment', { path, headers, body: { replicas: 2 } });
  const reused = await client.call('scaleDeployment', { path, headers, body: { replicas: 3 }, expect: 422 });
  assert.equal(reused.body.code, 'idempotency_mismatch');
  const secret = { body: { name: 'once', scope: 'read' }, headers: { 'Idempotency-Key': 'secret' } };
  await client.call('createToken', secret);
  const shown = await client.call('createToken', { ...secret, expect: 409 });
  assert.equal(shown.body.code, 'secret_already_shown');
  // The proxy knows no such method or path, so it cannot pass these on.
  const other = await fetch(`${server.url}/v1/whoami`, { method: 'DELETE' });
  assert.equal(other.status, 405);
  assert.equal(other.headers.get('allow'), 'GET, HEAD');
  assert.equal((await fetch(`${server.url}/v1/nothing`)).status, 404);
}
