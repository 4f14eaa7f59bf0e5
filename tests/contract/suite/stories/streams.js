import assert from 'node:assert/strict';

const EVENTS_READ = 3;

/** A stream has no end, so that no proxy can judge it: each event is held against its schema. */
export async function streams({ client, server }) {
  for (const [id, path] of [['listEvents', {}], ['listDeploymentEvents', { name: 'web' }]]) {
    const { method, path: template } = client.operations.get(id);
    assert.equal(method, 'get');
    const target = template.replace('{name}', path.name);
    const stop = new AbortController();
    const response = await fetch(`${server.url}${target}?after=0`, {
      headers: { Authorization: `Bearer ${client.token}`, Accept: 'text/event-stream' }, signal: stop.signal,
    });
    assert.equal(response.status, 200);
    assert.equal(response.headers.get('content-type').split(';')[0], 'text/event-stream');
    for (const event of await first(response.body, EVENTS_READ)) client.judge('Event', event, id);
    stop.abort();
  }
}

/** The data of the first events. */
async function first(body, count) {
  const events = [];
  let text = '';
  for await (const piece of body.pipeThrough(new TextDecoderStream())) {
    text += piece;
    const records = text.split('\n\n');
    text = records.pop();
    for (const record of records) {
      const data = record.split('\n').filter((line) => line.startsWith('data:'));
      if (data.length > 0) events.push(JSON.parse(data.map((line) => line.slice(5)).join('\n')));
    }
    if (events.length >= count) return events.slice(0, count);
  }
  throw new Error('the stream ended');
}
