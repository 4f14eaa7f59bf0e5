import assert from 'node:assert/strict';
import { JSDOM, VirtualConsole } from 'jsdom';

/** The page at /docs as a browser runs it: everything is opened, searched for, and one GET is tried. */
export async function viewer({ client, server }) {
  const { window, failures } = await browse(server);
  const { document } = window;
  await shown(window, () => document.getElementById('schemas'));
  for (const id of client.operations.keys()) open(window, document.getElementById(id));
  for (const row of document.querySelectorAll('#schemas > details')) open(window, row);

  const type = (field, text) => {
    field.value = text;
    field.dispatchEvent(new window.Event('input', { bubbles: true }));
  };
  type(document.getElementById('search'), 'uptime window');
  assert.equal(document.getElementById('getDeploymentUptime').hidden, false);
  assert.equal(document.getElementById('listTokens').hidden, true);
  type(document.getElementById('search'), '');

  type(document.getElementById('token'), client.token);
  const row = document.getElementById('getDeployment');
  type(row.querySelector('[name=name]'), 'web');
  row.querySelector('form').requestSubmit();
  await shown(window, () => row.querySelector('[role=status]').textContent.includes('"uid"'));
  assert.ok(!row.querySelector('form pre').textContent.includes(client.token), 'lines for a shell show no token');
  assert.deepEqual(failures, []);
  window.close();
}

async function browse(server) {
  const failures = [];
  const virtualConsole = new VirtualConsole();
  virtualConsole.on('jsdomError', (error) => failures.push(error.message));
  virtualConsole.on('error', (message) => failures.push(message));
  const { window } = await JSDOM.fromURL(`${server.url}/docs`, {
    runScripts: 'dangerously', resources: 'usable', pretendToBeVisual: true, virtualConsole,
    beforeParse(page) {
      page.fetch = (target, options) => fetch(String(target), options);
      page.Element.prototype.scrollIntoView = () => {};
    },
  });
  return { window, failures };
}

/** What is in a row is made when it is opened; this page's browser does not tell it by itself. */
function open(window, details) {
  details.open = true;
  details.dispatchEvent(new window.Event('toggle'));
  assert.equal(details.children.length, 2, details.id);
  assert.ok(details.querySelector('pre'), `${details.id} shows an example or a line for a shell`);
}

/** Until the page has changed so that `fits()`. */
function shown(window, fits) {
  if (fits()) return Promise.resolve();
  return new Promise((resolve) => {
    const observer = new window.MutationObserver(() => {
      if (!fits()) return;
      observer.disconnect();
      resolve();
    });
    observer.observe(window.document, { childList: true, subtree: true });
  });
}
