// waits.js: waiting for what the server does by itself, by its own long polls.

const WAIT_SECONDS = 30;
const ROUNDS_MAX = 8;

/** Calls again, each time as soon as there is something newer, until `fits(body)`. */
export async function until(client, operationId, options, fits) {
  let query = options.query ?? {};
  for (let round = 0; round < ROUNDS_MAX * WAIT_SECONDS; round += 1) {
    const answer = await client.call(operationId, { ...options, query });
    if (fits(answer.body)) return answer;
    query = { ...options.query, index: answer.headers.get('x-index'), wait_seconds: WAIT_SECONDS };
  }
  throw new Error(`${operationId}: what was waited for did not come`);
}

/** The rollout that a write began, when it has ended. */
export async function ended(client, name, write) {
  const rollout = String(write.body.status.rollout.id);
  const { body } = await until(client, 'getRollout',
    { path: { name, rollout }, query: { until: 'terminal', wait_seconds: WAIT_SECONDS } },
    (seen) => seen.finished_at !== null);
  return body;
}

export function inState(client, name, state) {
  return until(client, 'getDeploymentStatus', { path: { name } }, (body) => body.state === state);
}

/** A rollout that stands in a step. */
export function waiting(client, name) {
  return until(client, 'getDeploymentStatus', { path: { name } },
    (body) => body.rollout?.state === 'awaiting_promotion');
}
