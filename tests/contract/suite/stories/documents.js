// documents.js: what the stories deploy.

/** A web server with every kind of field, and times that keep the suite short. */
export function web(version, { strategy = {}, template = {}, ...spec } = {}) {
  return {
    description: 'what the contract is tried on',
    labels: { team: 'shop', tier: 'front' },
    annotations: { 'example.com/owner': 'somebody' },
    spec: {
      replicas: 2,
      template: {
        version,
        command: ['python3', '-m', 'http.server', '--bind', '127.0.0.1', '$(PORT)'],
        env: { GREETING: 'hello' },
        ports: { http: 0 },
        resources: { cpu_millis: 10, memory_mib: 16 },
        probes: {
          readiness: { http: { path: '/' }, period_seconds: 1, timeout_seconds: 5 },
          liveness: { tcp: {}, period_seconds: 1 },
        },
        stop: { drain_seconds: 0, grace_seconds: 5 },
        ...template,
      },
      strategy: { max_surge: 1, max_unavailable: 0, monitor_seconds: 0, ...strategy },
      ...spec,
    },
  };
}

/** Two replicas of three steps: a part, a person's word, the rest. */
export const canary = { type: 'canary', steps: [{ set_weight: 50 }, { pause: {} }] };
