// A capture connector for the bench of the runtime: it encodes its documents before it answers Spec, and then writes
// them as fast as the runtime reads. `node bench/frames-capture.ts DOCUMENTS`

import { createDecoder, createEncoder, PROTOCOL_VERSION, type CaptureResponse } from '@weir/protocol';

const documents = Number(process.argv[2]);
const documentsPerCheckpoint = 2000;

/** About 200 bytes, as a capture of a table writes them. */
function documentText(id: number): string {
  const meta = `{"op":"c","source":{"schema":"public","table":"orders","loc":[${id},2,3]}}`;
  return `{"_meta":${meta},"id":${id},"name":"customer number ${id}","amount":"${id % 1000}.25","count":${id % 77},"at":"2026-01-01T00:00:00Z","open":true}`;
}

function frames(): Buffer[] {
  const encoder = createEncoder('capture.Response', 'proto');
  const batches: Buffer[] = [];
  for (let id = 1; id <= documents; id += 1) {
    encoder.write({ kind: 'captured', binding: 0, doc: Buffer.from(documentText(id)) });
    if (id % documentsPerCheckpoint !== 0 && id !== documents) continue;
    encoder.write({ kind: 'checkpoint', state: { updated: `{"cursor":${id}}`, mergePatch: true } });
    batches.push(encoder.take());
  }
  return batches;
}

async function write(bytes: Buffer): Promise<void> {
  if (process.stdout.write(bytes)) return;
  await new Promise<void>((resolve) => process.stdout.once('drain', () => resolve()));
}

async function answer(response: CaptureResponse): Promise<void> {
  const encoder = createEncoder('capture.Response', 'proto');
  encoder.write(response);
  await write(encoder.take());
}

const batches = frames();
const decoder = createDecoder('capture.Request', 'proto');
for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
  decoder.push(chunk);
  for (let request = decoder.next(); request !== undefined; request = decoder.next()) {
    if (request.kind === 'spec') {
      await answer({
        kind: 'spec',
        protocol: PROTOCOL_VERSION,
        configSchema: '{"type":"object"}',
        resourceConfigSchema: '{"type":"object"}',
        documentationUrl: '',
        resourcePathPointers: [],
      });
    } else if (request.kind === 'apply') {
      await answer({ kind: 'applied', actionDescription: '' });
    } else if (request.kind === 'open') {
      await answer({ kind: 'opened', explicitAcknowledgements: false });
      for (const batch of batches) await write(batch);
    }
  }
}
