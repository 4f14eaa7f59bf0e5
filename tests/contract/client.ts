// client.ts: what a typed client looks like that is written against the types which
// openapi-typescript makes of openapi.yaml. It is compiled, not run: when it does not compile, a
// client of yours would not either.
import type { components, operations, paths } from './api.js';

type Deployment = components['schemas']['Deployment'];
type Problem = components['schemas']['Problem'];
type Body<Id extends keyof operations> = operations[Id] extends {
  requestBody: { content: { 'application/json': infer T } };
} ? T : never;
type Reply<Id extends keyof operations, Status extends number> = operations[Id] extends {
  responses: Record<Status, { content: { 'application/json': infer T } }>;
} ? T : never;
type Query<Id extends keyof operations> = NonNullable<operations[Id]['parameters']['query']>;

class Failure extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail);
  }
}

class Dogshore {
  constructor(private readonly url: string, private readonly token: string) {}

  private async send<T>(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<T> {
    const response = await fetch(this.url + path, {
      method,
      headers: { Authorization: `Bearer ${this.token}`, 'Content-Type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Failure(await response.json() as Problem);
    return await response.json() as T;
  }

  list(query: Query<'listDeployments'>): Promise<Reply<'listDeployments', 200>> {
    const search = new URLSearchParams(Object.entries(query).map(([name, value]) => [name, String(value)]));
    return this.send('GET', `/v1/deployments?${search}`);
  }

  apply(name: string, body: Body<'applyDeployment'>, etag?: string): Promise<Deployment> {
    return this.send('PUT', `/v1/deployments/${name}`, body, etag === undefined ? {} : { 'If-Match': etag });
  }

  scale(name: string, replicas: number): Promise<Reply<'scaleDeployment', 200>> {
    const body: Body<'scaleDeployment'> = { replicas };
    return this.send('PUT', `/v1/deployments/${name}/scale`, body);
  }

  rollout(name: string, id: number): Promise<Reply<'getRollout', 200>> {
    return this.send('GET', `/v1/deployments/${name}/rollouts/${id}?until=terminal&wait_seconds=60`);
  }

  endpoints(name: string): Promise<Reply<'listDeploymentEndpoints', 200>> {
    return this.send('GET', `/v1/deployments/${name}/endpoints`);
  }

  events(query: Query<'listEvents'>): Promise<Reply<'listEvents', 200>> {
    return this.send('GET', `/v1/events?after=${query.after ?? 0}`);
  }
}

export async function deploy(client: Dogshore, version: string): Promise<string> {
  const seen: components['schemas']['Status']['state'][] = [];
  for (const item of (await client.list({ selector: 'team=shop', limit: 10 })).items) seen.push(item.status.state);

  const applied = await client.apply('web', {
    labels: { team: 'shop' },
    spec: {
      replicas: 3,
      template: { version, command: ['./serve'], ports: { http: 0 }, probes: { readiness: { http: { path: '/' } } } },
      strategy: { type: 'canary', max_surge: '25%', steps: [{ set_weight: 50 }, { pause: { seconds: 5 } }] },
    },
  });
  const begun = applied.status.rollout;
  if (begun === null) return `unchanged, ${seen.length} others`;
  const { state, failed_replica, progress } = await client.rollout(applied.name, begun.id);
  if (state === 'succeeded') await client.scale(applied.name, progress.desired + 1);
  const [first] = (await client.endpoints(applied.name)).endpoints;
  const port: number | undefined = first?.ports['http'];
  const { items } = await client.events({ after: applied.index });
  return `${state} ${failed_replica ?? ''} ${port ?? ''} ${items.map((event) => event.reason).join()}`;
}

// @ts-expect-error a word that is not a strategy
export const wrong: components['schemas']['Strategy'] = { type: 'roling' };
export const probe: components['schemas']['Probe'] = { http: { path: '/readyz' }, period_seconds: 2 };
// @ts-expect-error a probe that asks nothing
export const idle: components['schemas']['Probe'] = { period_seconds: 2 };
// @ts-expect-error two steps in one
export const step: components['schemas']['CanaryStep'] = { set_weight: 25, pause: {} };
// @ts-expect-error a new deployment without a name
export const nameless: Body<'createDeployment'> = { spec: { template: { version: '1', command: ['x'] } } };
export const list: keyof paths = '/v1/deployments';
