// What a browser is shown: the OpenAPI document, and a page that reads it and sends documents by hand.

import { jsonAnswer, type WebhookAnswer, type WebhookHead } from '@weir/cdk';

const OPENAPI_PATH = '/api-doc/openapi.json';
const PAGE_PATH = '/swagger-ui/';

const script = `
const api = await (await fetch('${OPENAPI_PATH}')).json();
const add = (parent, name, text = '') => {
  const made = parent.appendChild(document.createElement(name));
  made.textContent = text;
  return made;
};
for (const [path, { post }] of Object.entries(api.paths)) {
  const section = add(document.body, 'section');
  add(section, 'h2', 'POST ' + path);
  add(section, 'p', post.description);
  const inputs = [...post.parameters, ...(post.security ? [{ name: 'token', in: 'token' }] : [])].map((parameter) => {
    const label = add(section, 'label', parameter.name + ' ');
    return { ...parameter, input: add(label, 'input') };
  });
  const body = add(section, 'textarea', '{}');
  const button = add(section, 'button', 'Send');
  const said = add(section, 'pre');
  button.onclick = async () => {
    let target = path;
    const headers = { 'content-type': 'application/json' };
    for (const { name, in: where, input } of inputs) {
      if (where === 'path') target = target.replace('{' + name + '}', encodeURIComponent(input.value));
      else if (where === 'token') headers.authorization = 'Bearer ' + input.value;
      else headers[name] = input.value;
    }
    const answer = await fetch(target, { method: 'POST', headers, body: body.value });
    said.textContent = answer.status + ' ' + (await answer.text());
  };
}`;

const page = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>HTTP ingest</title>
<style>body{font:1rem sans-serif;max-width:50rem;margin:2rem auto}label,textarea,button{display:block;margin:.5rem 0}textarea{width:100%;height:8rem}</style>
<h1>HTTP ingest</h1>
<p><a href="${OPENAPI_PATH}">OpenAPI</a></p>
<script type="module">${script}</script>
</html>
`;

/** Pages about the API; undefined for any other request. */
export function pagesOf(openApi: object): (head: WebhookHead) => WebhookAnswer | undefined {
  return ({ method, path }) => {
    if (method !== 'GET' && method !== 'HEAD') return undefined;
    switch (path) {
      case '/':
        return { status: 308, headers: { location: PAGE_PATH } };
      case OPENAPI_PATH:
        return jsonAnswer(200, openApi);
      case PAGE_PATH:
        return { status: 200, headers: { 'content-type': 'text/html; charset=utf-8' }, body: page };
      default:
        return undefined;
    }
  };
}
