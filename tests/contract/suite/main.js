// main.js BIN_DIR OPENAPI_YAML: every operation of openapi.yaml is called with success, and its
// failures are sampled, on a real server with a real node, behind prism, which holds requests and
// responses against openapi.yaml. Ends with 1 when a response is not what openapi.yaml says, when a
// call fails, or when an operation was not called.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Client } from './client.js';
import { startAgent, startServer, stopShims } from './processes.js';
import { startProxy } from './proxy.js';
import { stories } from './stories/index.js';

const [bin, openapi] = process.argv.slice(2).map((path) => resolve(path));
const folder = mkdtempSync(join(tmpdir(), 'dogshore-contract-'));
const running = [];
const started = (program) => running.unshift(program) && program;

async function open() {
  const server = await startServer(bin, folder);
  started(server.program);
  started(startAgent(bin, folder, server, 'n1'));
  const document = await (await fetch(`${server.url}/openapi.json`)).json();
  const strict = await startProxy(openapi, server.url, folder, { requests: true });
  started(strict.program);
  const lenient = await startProxy(openapi, server.url, folder, { requests: false });
  started(lenient.program);
  const client = new Client({ document, url: strict.url, token: server.adminToken });
  return { client, document, server, folder, bin, lenientUrl: lenient.url, readJoinToken: () => readFileSync(server.joinTokenFile, 'utf8').trim() };
}

async function tell(world) {
  const { client } = world;
  for (const story of stories) {
    await story(world);
    console.log(`  ${story.name}: ${client.calls} calls so far`);
  }
}

function report({ client }) {
  const missing = [...client.operations.keys()].filter((id) => !client.succeeded.has(id));
  for (const violation of client.violations) console.error(`violation: ${JSON.stringify(violation)}`);
  for (const id of missing) console.error(`never called with success: ${id}`);
  console.log(`${client.calls} calls, by status ${JSON.stringify(client.statuses)}`);
  console.log(`${client.succeeded.size} of ${client.operations.size} operations with success, `
    + `${client.violations.length} violations`);
  return client.violations.length === 0 && missing.length === 0;
}

let ok = false;
try {
  const world = await open();
  try {
    await tell(world);
  } catch (error) {
    console.error(error.stack);
    process.exitCode = 1;
  }
  ok = report(world) && !process.exitCode;
} finally {
  for (const program of running) await program.stop();
  await stopShims(folder);
  if (ok) rmSync(folder, { recursive: true });
  else console.error(`logs are in ${folder}`);
}
process.exit(ok ? 0 : 1);
