// proxy.js: prism as a validating proxy in front of the server. It answers 500 in the place of a
// response that is not what openapi.yaml says.
import { join } from 'node:path';
import { Program } from './processes.js';

const VIOLATION = 'https://stoplight.io/prism/errors#VIOLATIONS';

/** requests: are they held against openapi.yaml as well as the responses? */
export async function startProxy(document, upstream, folder, { requests }) {
  const name = requests ? 'prism' : 'prism-responses';
  const program = new Program('prism', ['proxy', document, upstream, '--host', '127.0.0.1',
    '--port', '0', '--errors', '--cors', 'false', '--validate-request', String(requests)],
  { log: join(folder, `${name}.log`), env: { NO_COLOR: '1', FORCE_COLOR: '0' } });
  await program.said('Prism is listening on');
  const url = /Prism is listening on (http:\/\/[\d.:]+)/.exec(program.output)[1];
  return { program, url };
}

/** What prism says against an exchange; [] when it has nothing to say. */
export function violationsOf(response, body) {
  const header = response.headers.get('sl-violations');
  if (header) return JSON.parse(header);
  if (response.status < 400 || !body?.type?.startsWith?.('https://stoplight.io/prism/')) return [];
  if (body.type !== VIOLATION) return [{ location: ['prism'], message: body.detail ?? body.title }];
  return body.validation ?? [body];
}
