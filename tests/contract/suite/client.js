// client.js: calls operations by their operationId, through the proxy, and notes what came of it.
import { Answers } from './answers.js';
import { violationsOf } from './proxy.js';

const METHODS = ['get', 'put', 'post', 'patch', 'delete'];

/** operationId → {method, path, operation} */
export function operationsOf(document) {
  const operations = new Map();
  for (const [path, item] of Object.entries(document.paths))
    for (const method of METHODS)
      if (item[method]) operations.set(item[method].operationId, { method, path, operation: item[method] });
  return operations;
}

export class Client {
  constructor({ document, url, token }) {
    this.operations = operationsOf(document);
    this.answers = new Answers(document);
    this.url = url;
    this.token = token;
    this.succeeded = new Set();
    this.calls = 0;
    this.statuses = {};
    this.violations = [];
  }

  /**
   * Fails unless the answer has the status that is expected (any 2xx when none is given).
   * options: path, query, body, headers, token (null: none), expect, accept, type, url; partial: the
   * answer shows parts of objects, which fit no schema
   */
  async call(operationId, options = {}) {
    const response = await fetch(this.#target(operationId, options), this.#request(operationId, options));
    const text = await response.text();
    const answer = { status: response.status, headers: response.headers, text, body: parsed(response, text) };
    this.#note(operationId, response, answer, options);
    const { expect } = options;
    if (expect === undefined ? !response.ok : response.status !== expect)
      throw new Error(`${operationId}: ${response.status}, not ${expect ?? '2xx'}: ${text.slice(0, 600)}`);
    return answer;
  }

  follow(node) {
    return this.answers.follow(node);
  }

  /** Something that came another way than as a whole answer. */
  judge(schema, value, operationId) {
    for (const message of this.answers.schemaProblems(schema, value))
      this.violations.push({ operationId, location: ['ajv'], message });
  }

  #target(operationId, { path = {}, query = {}, url = this.url }) {
    const known = this.operations.get(operationId);
    if (!known) throw new Error(`openapi.yaml has no operation ${operationId}`);
    const filled = known.path.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(path[name]));
    const search = new URLSearchParams(query).toString();
    return `${url}${filled}${search && `?${search}`}`;
  }

  #request(operationId, { body, headers = {}, token = this.token, accept, type, method }) {
    const known = this.operations.get(operationId);
    const sent = { 'X-Request-Id': `contract-${this.calls + 1}`, ...headers };
    if (token && known.operation['x-scope'] !== 'open') sent.Authorization = `Bearer ${token}`;
    if (accept) sent.Accept = accept;
    if (body !== undefined) sent['Content-Type'] = type ?? 'application/json';
    return {
      method: method ?? known.method.toUpperCase(),
      headers: sent,
      body: body === undefined || typeof body === 'string' ? body : JSON.stringify(body),
    };
  }

  #note(operationId, response, answer, { method, partial }) {
    const note = (violation) => this.violations.push({ operationId, status: response.status, ...violation });
    this.calls += 1;
    this.statuses[response.status] = (this.statuses[response.status] ?? 0) + 1;
    const violations = violationsOf(response, answer.body);
    violations.forEach(note);
    if (violations.length === 0 && method !== 'HEAD' && !partial)
      for (const message of this.answers.problems(this.operations.get(operationId), answer))
        note({ location: ['ajv'], message });
    if (response.ok) this.succeeded.add(operationId);
  }
}

function parsed(response, text) {
  if (!(response.headers.get('content-type') ?? '').includes('json') || text === '') return null;
  return JSON.parse(text);
}
