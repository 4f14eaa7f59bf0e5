import assert from 'node:assert/strict';

/** A question that a list's own field table says it understands. */
function question(fields) {
  const [name, type] = Object.entries(fields)[0];
  return type === 'integer' ? `${name} >= 0 and not ${name} < 0` : `not ${name} = "x" or ${name} in (x, y)`;
}

/** Every list that can be asked: by question, words, labels, order, count and parts of its items. */
export async function lists({ client, server }) {
  for (const [id, { operation }] of client.operations) {
    if (!operation['x-filter-fields']) continue;
    const offered = new Map(operation.parameters.map((one) => client.follow(one)).map((one) => [one.name, one]));
    const path = { name: 'web' };
    const ask = (query) => client.call(id, { path, query });
    if (offered.has('q')) await ask({ q: question(operation['x-filter-fields']) });
    if (offered.has('search')) await ask({ search: 'e' });
    const states = offered.get('state')?.schema.items.enum;
    if (states) await ask({ state: `${states[0]},${states[1]}` });
    if (offered.has('selector')) await ask({ selector: 'team in (shop, ml), !canary' });
    for (const sort of offered.get('sort')?.schema.enum ?? []) await ask({ sort, limit: '1' });
    if (offered.has('count')) assert.equal(typeof (await ask({ count: 'true' })).body.count, 'number');
    // Parts of items are not whole items, so no schema is held against them.
    if (offered.has('fields')) await parts(client, server, id, path);
  }
}

async function parts(client, server, id, path) {
  const whole = await client.call(id, { path });
  const [first] = whole.body.items;
  if (!first) return;
  const [name] = Object.keys(first);
  const part = await client.call(id, { path, query: { fields: name }, url: server.url, partial: true });
  for (const item of part.body.items) assert.deepEqual(Object.keys(item), [name]);
}
