// viewer.js: reads openapi.json and shows it: operations by tag, schemas, examples, lines for curl,
// and GETs to try. Text only ever becomes text nodes, the token is a variable and nothing else.
'use strict';

const METHODS = ['get', 'put', 'post', 'patch', 'delete'];
const SHOWN_CHARACTERS_MAX = 200000;
const state = { document: null, token: '' };

/* ---- elements ---- */

function make(tag, properties, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties ?? {})) {
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (value !== undefined && value !== false) element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

function code(text) {
  return make('code', null, text);
}

function block(text) {
  return make('pre', { tabindex: '0' }, code(text));
}

function table(heads, rows) {
  return make('div', { class: 'table' }, make('table', null,
    make('thead', null, make('tr', null, heads.map((head) => make('th', { scope: 'col' }, head)))),
    make('tbody', null, rows.map((cells) => make('tr', null, cells.map((cell) => make('td', null, cell)))))));
}

/* ---- the little of Markdown that descriptions use ---- */

function inline(text) {
  return text.split(/(`[^`]+`)/).filter((part) => part !== '').map((part) =>
    (part.length > 2 && part.startsWith('`') && part.endsWith('`') ? code(part.slice(1, -1)) : part));
}

function markdown(text) {
  return (text ?? '').trim().split(/\n\s*\n/).filter((part) => part !== '').map((part) => {
    if (!part.startsWith('- ')) return make('p', null, inline(part.replaceAll('\n', ' ')));
    const items = part.slice(2).split(/\n- /);
    return make('ul', null, items.map((item) => make('li', null, inline(item.replace(/\s*\n\s*/g, ' ')))));
  });
}

/* ---- the document ---- */

function follow(node) {
  let found = node;
  while (found?.$ref !== undefined)
    found = found.$ref.slice(2).split('/').reduce((at, name) => at[name.replaceAll('~1', '/').replaceAll('~0', '~')], state.document);
  return found;
}

function operations() {
  const found = [];
  for (const [path, item] of Object.entries(state.document.paths))
    for (const method of METHODS)
      if (item[method]) found.push({ path, method, operation: item[method], id: item[method].operationId });
  return found;
}

/** A value that fits the schema: its own example, or one made of its parts' examples. */
function exampleOf(schema) {
  const whole = follow(schema);
  if (whole.examples?.length) return whole.examples[0];
  if (whole.example !== undefined) return whole.example;
  if (whole.allOf) return Object.assign({}, ...whole.allOf.map(exampleOf).slice(0, 1));
  if (whole.oneOf) return exampleOf(whole.oneOf[0]);
  return whole.type === 'array' ? [exampleOf(whole.items ?? {})] : undefined;
}

function examplesOf(media) {
  const named = Object.entries(media.examples ?? {}).map(([name, example]) => {
    const { summary, value } = follow(example);
    return { title: summary ? `${name}: ${summary}` : name, value };
  });
  if (named.length > 0) return named;
  const value = media.example ?? exampleOf(media.schema);
  return value === undefined ? [] : [{ title: 'Example', value }];
}

function shown(value) {
  return typeof value === 'string' ? value : JSON.stringify(value, null, 2);
}

/* ---- schemas ---- */

function joined(parts, word) {
  return parts.flatMap((part, position) => (position === 0 ? part : [word, ...part]));
}

function typeOf(schema) {
  if (schema.$ref) {
    const name = schema.$ref.split('/').pop();
    return [make('a', { href: `#schema-${name}` }, name)];
  }
  if (schema.oneOf) return joined(schema.oneOf.map(typeOf), ' or ');
  if (schema.allOf) return joined(schema.allOf.map(typeOf), ' and ');
  if (schema.const !== undefined) return [code(JSON.stringify(schema.const))];
  if (schema.enum) return joined(schema.enum.map((word) => [code(String(word))]), ' | ');
  if (schema.type === 'array') return ['list of ', ...typeOf(schema.items ?? {})];
  const words = [].concat(schema.type ?? 'anything').join(' or ');
  const values = schema.additionalProperties;
  return values && values !== true ? [`${words} of `, ...typeOf(values)] : [words];
}

function limitsOf(schema) {
  const limits = [];
  const range = (least, most, what) => {
    if (least === undefined && most === undefined) return;
    limits.push(`${least ?? ''}…${most ?? ''}${what}`);
  };
  range(schema.minimum, schema.maximum, '');
  range(schema.minLength, schema.maxLength, ' characters');
  range(schema.minItems, schema.maxItems, ' items');
  range(schema.minProperties, schema.maxProperties, ' members');
  const parts = limits.map((limit) => [limit]);
  if (schema.default !== undefined) parts.push(['default ', code(JSON.stringify(schema.default))]);
  if (schema.pattern) parts.push([code(schema.pattern)]);
  if (schema.format) parts.push([schema.format]);
  return joined(parts, ', ');
}

function membersOf(schema) {
  const needed = new Set(schema.required ?? []);
  const rows = Object.entries(schema.properties ?? {}).map(([name, member]) => [
    [code(name), needed.has(name) ? make('div', { class: 'needed' }, 'required') : null],
    typeOf(member),
    [...markdown(member.description), make('span', { class: 'soft' }, limitsOf(member))],
  ]);
  return rows.length === 0 ? null : table(['Member', 'Type', 'Meaning and limits'], rows);
}

/** Beside members, allOf has rules between them. */
function rulesOf(schema) {
  return (schema.allOf ?? []).flatMap((rule) => markdown(rule.description));
}

function membersView(schema) {
  if (schema.properties && !schema.$ref) return make('div', null, membersOf(schema), ...rulesOf(schema));
  return make('p', null, 'Schema: ', typeOf(schema), ' ', make('span', { class: 'soft' }, limitsOf(schema)));
}

function mediaView(content) {
  return Object.entries(content ?? {}).flatMap(([type, media]) => [
    make('p', null, code(type)), membersView(media.schema),
    ...examplesOf(media).flatMap(({ title, value }) => [make('h4', null, title), block(shown(value))]),
  ]);
}

/* ---- one operation ---- */

function scopeOf(operation) {
  const scope = operation['x-scope'];
  return make('p', { class: 'soft' }, scope === 'open' ? 'Open: no token is needed.' : ['Scope of the token: ', code(scope)]);
}

function parametersView(parameters) {
  if (parameters.length === 0) return [];
  return [make('h3', null, 'Parameters'), table(['Name', 'In', 'Type', 'Meaning and limits'], parameters.map((parameter) => [
    [code(parameter.name), parameter.required ? make('div', { class: 'needed' }, 'required') : null],
    parameter.in, typeOf(parameter.schema),
    [...markdown(parameter.description), make('span', { class: 'soft' }, limitsOf(parameter.schema))],
  ]))];
}

/** What a list can be asked about with `q`. */
function fieldsView(fields) {
  if (!fields) return [];
  return [make('h3', null, 'Fields for ', code('q')), make('p', null,
    joined(Object.entries(fields).map(([name, type]) => [code(name), make('span', { class: 'soft' }, ` ${type}`)]), ', '))];
}

function headersView(headers) {
  const names = Object.keys(headers ?? {});
  if (names.length === 0) return null;
  return make('p', { class: 'soft' }, 'Headers: ', joined(names.map((name) =>
    [make('span', { title: follow(headers[name]).description ?? '' }, code(name))]), ' '));
}

function responsesView(responses) {
  return [make('h3', null, 'Answers'), Object.entries(responses).map(([status, reference]) => {
    const response = follow(reference);
    return make('details', null,
      make('summary', null, make('span', { class: 'method' }, status), make('span', { class: 'says' }, inline((response.description ?? '').trim()))),
      make('div', null, headersView(response.headers), ...mediaView(response.content)));
  })];
}

/** Where the request goes, from what was typed in; examples stand for what was not. */
function targetOf(entry, values) {
  const typed = (parameter) => values.get(parameter.name) || '';
  const parameters = (entry.operation.parameters ?? []).map(follow);
  let path = entry.path;
  for (const parameter of parameters.filter((one) => one.in === 'path'))
    path = path.replace(`{${parameter.name}}`, encodeURIComponent(typed(parameter) || stand(parameter)));
  const query = new URLSearchParams();
  for (const parameter of parameters.filter((one) => one.in === 'query'))
    if (typed(parameter) !== '') query.set(parameter.name, typed(parameter));
    else if (parameter.required) query.set(parameter.name, stand(parameter));
  const search = query.toString();
  return new URL(`.${path}${search && `?${search}`}`, document.baseURI);
}

function stand(parameter) {
  const { examples, enum: words, minimum } = parameter.schema;
  return String(examples?.[0] ?? words?.[0] ?? minimum ?? parameter.name);
}

function headersOf(entry, values) {
  const headers = {};
  for (const parameter of (entry.operation.parameters ?? []).map(follow))
    if (parameter.in === 'header' && values.get(parameter.name)) headers[parameter.name] = values.get(parameter.name);
  return headers;
}

function quoted(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function curlOf(entry, values) {
  const lines = [`curl -sS${entry.method === 'get' ? '' : ` -X ${entry.method.toUpperCase()}`} ${quoted(targetOf(entry, values).href)}`];
  if (entry.operation['x-scope'] !== 'open') lines.push('-H "Authorization: Bearer $TOKEN"');
  for (const [name, value] of Object.entries(headersOf(entry, values))) lines.push(`-H ${quoted(`${name}: ${value}`)}`);
  const [type, media] = Object.entries(follow(entry.operation.requestBody ?? {}).content ?? {})[0] ?? [];
  if (type !== undefined) lines.push(`-H ${quoted(`Content-Type: ${type}`)}`);
  const [example] = media ? examplesOf(media) : [];
  if (example) lines.push(`-d ${quoted(JSON.stringify(example.value))}`);
  return lines.join(' \\\n  ');
}

function fieldsOf(parameters, changed) {
  return make('div', { class: 'fields' }, parameters.map((parameter) => {
    const { enum: words } = parameter.schema;
    const field = words
      ? make('select', { name: parameter.name }, make('option', { value: '' }, ''), words.map((word) => make('option', { value: word }, word)))
      : make('input', { name: parameter.name, placeholder: stand(parameter), autocomplete: 'off', spellcheck: 'false' });
    field.addEventListener('input', changed);
    return make('label', null, `${parameter.name}${parameter.required ? ' (required)' : ''}`, field);
  }));
}

async function send(entry, values, output) {
  output.replaceChildren(make('p', null, 'Waiting for the answer …'));
  const headers = headersOf(entry, values);
  if (state.token && entry.operation['x-scope'] !== 'open') headers.Authorization = `Bearer ${state.token}`;
  try {
    const response = await fetch(targetOf(entry, values), { headers, credentials: 'omit', cache: 'no-store' });
    const text = await response.text();
    const heads = [...response.headers].map(([name, value]) => `${name}: ${value}`).join('\n');
    output.replaceChildren(make('p', { class: response.ok ? '' : 'bad' }, `${response.status} ${response.statusText}`),
      block(heads), block(pretty(text, response.headers.get('content-type')).slice(0, SHOWN_CHARACTERS_MAX)));
  } catch (error) {
    output.replaceChildren(make('p', { class: 'bad' }, `No answer: ${error.message}`));
  }
}

function pretty(text, type) {
  if (!(type ?? '').includes('json')) return text;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function copyButton(textOf) {
  const button = make('button', { type: 'button', onclick: async () => {
    await navigator.clipboard?.writeText(textOf());
    button.textContent = 'Copied';
  } }, 'Copy');
  return button;
}

function callView(entry) {
  const parameters = (entry.operation.parameters ?? []).map(follow);
  const line = block('');
  const output = make('div', { role: 'status', 'aria-live': 'polite' });
  const form = make('form', { onsubmit: (event) => {
    event.preventDefault();
    send(entry, new FormData(form), output);
  } });
  const update = () => { line.firstChild.textContent = curlOf(entry, new FormData(form)); };
  const buttons = [copyButton(() => line.textContent)];
  if (entry.method === 'get') buttons.unshift(make('button', { type: 'submit' }, 'Try it'));
  form.append(fieldsOf(parameters, update), line, make('div', { class: 'bar' }, buttons));
  update();
  return [make('h3', null, entry.method === 'get' ? 'Call it' : 'As a line for a shell'), form, output];
}

function bodyView(operation) {
  if (!operation.requestBody) return [];
  const body = follow(operation.requestBody);
  return [make('h3', null, body.required ? 'Body' : 'Body (may be left out)'), ...mediaView(body.content)];
}

function operationView(entry) {
  const { operation } = entry;
  const parameters = (operation.parameters ?? []).map(follow);
  return make('div', null, ...markdown(operation.description), scopeOf(operation),
    ...parametersView(parameters), ...fieldsView(operation['x-filter-fields']), ...bodyView(operation), ...callView(entry), ...responsesView(operation.responses));
}

/** Closed it is a line; what is within is made when it is opened. */
function lazy(id, heads, fill) {
  const details = make('details', { id, ontoggle: () => {
    if (details.open && details.children.length === 1) details.append(fill());
  } }, make('summary', null, heads));
  return details;
}

function operationRow(entry) {
  return lazy(entry.id, [make('span', { class: `method ${entry.method}` }, entry.method.toUpperCase()), code(entry.path),
    make('span', { class: 'says' }, inline(entry.operation.summary))], () => operationView(entry));
}

function schemaView(schema) {
  return make('div', null, ...markdown(schema.description), membersView(schema),
    ...examplesOf({ schema }).flatMap(({ title, value }) => [make('h4', null, title), block(shown(value))]));
}

/* ---- the page ---- */

/** All words of an operation, for the search. */
function wordsOf({ path, method, id, operation }) {
  const parameters = (operation.parameters ?? []).map((one) => follow(one).name);
  return [path, method, id, operation.summary, operation.description, operation.tags, parameters].flat().join(' ').toLowerCase();
}

function linkOf(entry) {
  return make('li', null, make('a', { href: `#${entry.id}` },
    make('span', { class: `method ${entry.method}` }, entry.method.toUpperCase()), inline(entry.operation.summary.replace(/\.$/, ''))));
}

/** A part of the page: its heading, and rows that the search shows and hides with their links. */
function partOf(id, name, description, rows) {
  const section = make('section', { id, 'aria-labelledby': `head-${id}` },
    make('h2', { id: `head-${id}` }, name), ...markdown(description), rows.map((row) => row.details));
  const links = rows.flatMap((row) => row.link ?? []);
  const contents = make('li', null, make('a', { href: `#${id}` }, name), links.length > 0 ? make('ul', null, links) : null);
  return { section, contents, rows };
}

function partOfTag(tag) {
  const rows = operations().filter((entry) => entry.operation.tags[0] === tag.name).map((entry) =>
    ({ details: operationRow(entry), link: linkOf(entry), words: wordsOf(entry) }));
  return partOf(`tag-${tag.name}`, tag.name, tag.description, rows);
}

function partOfSchemas() {
  const rows = Object.entries(state.document.components.schemas).map(([name, schema]) => ({
    details: lazy(`schema-${name}`, [code(name)], () => schemaView(schema)),
    words: `${name} ${Object.keys(schema.properties ?? {}).join(' ')}`.toLowerCase(),
  }));
  return partOf('schemas', 'schemas', '', rows);
}

function search(parts, text) {
  const words = text.toLowerCase().split(/\s+/).filter((word) => word !== '');
  let count = 0;
  for (const { section, rows } of parts) {
    let any = false;
    for (const { details, link, words: haystack } of rows) {
      const fits = words.every((word) => haystack.includes(word));
      details.hidden = !fits;
      if (link) link.hidden = !fits;
      any ||= fits;
      count += fits && link ? 1 : 0;
    }
    section.hidden = !any;
  }
  document.getElementById('found').textContent = words.length === 0 ? '' : `${count} operations`;
}

function openTarget() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!target) return;
  if (target.tagName === 'DETAILS') {
    target.hidden = false;
    target.open = true;
  }
  target.scrollIntoView();
}

function show() {
  const { info, tags } = state.document;
  const parts = [...tags.map(partOfTag), partOfSchemas()];
  document.getElementById('version').textContent = info.version;
  document.getElementById('contents').append(make('ul', null, parts.map((part) => part.contents)));
  document.getElementById('operations').replaceChildren(...markdown(info.description),
    make('p', null, 'The document itself: ', make('a', { href: 'openapi.yaml' }, 'openapi.yaml'), ', ',
      make('a', { href: 'openapi.json' }, 'openapi.json'), ', ',
      make('a', { href: 'v1/schema/deployment.json' }, 'JSON Schema of a deployment'), '.'),
    ...parts.map((part) => part.section));
  const field = document.getElementById('search');
  field.addEventListener('input', () => search(parts, field.value));
}

function listen() {
  const field = document.getElementById('search');
  document.getElementById('token').addEventListener('input', (event) => { state.token = event.target.value.trim(); });
  window.addEventListener('hashchange', openTarget);
  document.addEventListener('keydown', (event) => {
    if (event.key !== '/' || ['INPUT', 'SELECT', 'TEXTAREA'].includes(document.activeElement?.tagName)) return;
    event.preventDefault();
    field.focus();
  });
}

async function start() {
  try {
    const response = await fetch(new URL('openapi.json', document.baseURI));
    if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
    state.document = await response.json();
  } catch (error) {
    document.getElementById('state').textContent = `openapi.json cannot be read: ${error.message}`;
    return;
  }
  listen();
  show();
  openTarget();
}

start();
