// A capture or materialization connector that does what its script says, over JSON lines and without the kits: the faults
// that a real connector does not produce on demand. The script is JSON in argv[2]:
//   spec       the Spec response (default: an empty capture spec)
//   answers    kind of request → response, or list of responses, or a raw string that is written as it is
//   stderr     a text written to stderr at the start
//   exit       { after: kind of request, code, stderr? } leaves at that request instead of answering
//   hang       kind of request that is never answered
//   stubborn   ignores EOF and SIGTERM
import { createInterface } from 'node:readline';

const script = JSON.parse(process.argv[2] ?? '{}');
const spec = {
  protocol: 3032023,
  configSchema: { type: 'object' },
  resourceConfigSchema: { type: 'object' },
};

function write(response) {
  process.stdout.write(typeof response === 'string' ? response : `${JSON.stringify(response)}\n`);
}

if (script.stderr !== undefined) process.stderr.write(script.stderr);
if (script.stubborn === true) {
  process.on('SIGTERM', () => {});
  setInterval(() => {}, 1000);
}
for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  const [kind] = Object.keys(request);
  if (script.exit?.after === kind) {
    if (script.exit.stderr !== undefined) process.stderr.write(script.exit.stderr);
    process.exit(script.exit.code);
  }
  if (script.hang === kind) continue;
  const answer = script.answers?.[kind] ?? (kind === 'spec' ? { spec: { ...spec, ...script.spec } } : []);
  for (const response of Array.isArray(answer) ? answer : [answer]) write(response);
}
