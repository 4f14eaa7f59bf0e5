// answers.js: a second judge beside prism: each answer against the schema of openapi.yaml, by ajv.
// It also judges what prism cannot pass on.
import Ajv2020 from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

const escaped = (part) => part.replaceAll('~', '~0').replaceAll('/', '~1');

export class Answers {
  constructor(document) {
    this.document = document;
    this.ajv = new Ajv2020({ strict: false, allErrors: true });
    addFormats(this.ajv);
    this.ajv.addSchema(document, 'openapi');
    this.judges = new Map();
  }

  /** What is wrong with an answer; [] when nothing is. */
  problems({ method, path }, { status, headers, body, text }) {
    const place = this.#response(['paths', path, method, 'responses'], status);
    if (place === null) return [`status ${status} is not described`];
    const content = this.#at([...place, 'content']);
    if (text === '') return content && status < 300 ? ['it has no body, and one is described'] : [];
    const type = headers.get('content-type').split(';')[0];
    if (!content?.[type]) return [`media type ${type} is not described`];
    const judge = this.#judge([...place, 'content', type, 'schema']);
    if (judge(body ?? text)) return [];
    return judge.errors.map((error) => `${error.instancePath} ${error.message}`);
  }

  schemaProblems(name, value) {
    const judge = this.#judge(['components', 'schemas', name]);
    return judge(value) ? [] : judge.errors.map((error) => `${error.instancePath} ${error.message}`);
  }

  follow(node) {
    return node.$ref ? this.#at(node.$ref.slice(2).split('/')) : node;
  }

  #response(place, status) {
    const responses = this.#at(place);
    const key = responses[status] ? String(status) : 'default';
    if (!responses[key] || (status < 400 && key === 'default')) return null;
    const reference = responses[key].$ref;
    return reference ? reference.slice(2).split('/') : [...place, key];
  }

  #at(place) {
    return place.reduce((node, name) => node?.[name], this.document);
  }

  #judge(place) {
    const pointer = `openapi#/${place.map(escaped).map(encodeURIComponent).join('/')}`;
    if (!this.judges.has(pointer)) this.judges.set(pointer, this.ajv.compile({ $ref: pointer }));
    return this.judges.get(pointer);
  }
}
