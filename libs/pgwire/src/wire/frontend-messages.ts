// What a client sends. Grammar: PostgreSQL manual, "Message Formats"; lengths count themselves, not the type byte.

const SSL_REQUEST_CODE = 80877103;
const CANCEL_REQUEST_CODE = 80877102;
const PROTOCOL_3_0 = 196608;

function message(type: string, ...parts: readonly Buffer[]): Buffer {
  const head = Buffer.allocUnsafe(5);
  head.write(type, 0, 'latin1');
  let length = 4;
  for (const part of parts) length += part.length;
  head.writeInt32BE(length, 1);
  return Buffer.concat([head, ...parts]);
}

function untyped(...parts: readonly Buffer[]): Buffer {
  let length = 4;
  for (const part of parts) length += part.length;
  return Buffer.concat([int32(length), ...parts]);
}

function int32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeInt32BE(value, 0);
  return bytes;
}

function int16(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(2);
  bytes.writeUInt16BE(value, 0);
  return bytes;
}

function cstring(text: string): Buffer {
  if (text.includes('\0')) throw new TypeError('text sent to PostgreSQL cannot contain a NUL character');
  return Buffer.from(`${text}\0`, 'utf8');
}

export function sslRequest(): Buffer {
  return untyped(int32(SSL_REQUEST_CODE));
}

export function cancelRequest(processId: number, secretKey: Buffer): Buffer {
  return untyped(int32(CANCEL_REQUEST_CODE), int32(processId), secretKey);
}

export function startupMessage(parameters: Readonly<Record<string, string>>): Buffer {
  const pairs = Object.entries(parameters).flatMap(([name, value]) => [cstring(name), cstring(value)]);
  return untyped(int32(PROTOCOL_3_0), ...pairs, Buffer.from([0]));
}

export function passwordMessage(password: string): Buffer {
  return message('p', cstring(password));
}

export function saslInitialResponse(mechanism: string, response: string): Buffer {
  const bytes = Buffer.from(response, 'utf8');
  return message('p', cstring(mechanism), int32(bytes.length), bytes);
}

export function saslResponse(response: string): Buffer {
  return message('p', Buffer.from(response, 'utf8'));
}

export function queryMessage(sql: string): Buffer {
  return message('Q', cstring(sql));
}

export function parseMessage(sql: string): Buffer {
  return message('P', cstring(''), cstring(sql), int16(0));
}

/** Binds the unnamed statement to the unnamed portal: every parameter and every result column as text. */
export function bindMessage(parameters: readonly (string | null)[]): Buffer {
  const values = parameters.flatMap((parameter) => {
    if (parameter === null) return [int32(-1)];
    const bytes = Buffer.from(parameter, 'utf8');
    return [int32(bytes.length), bytes];
  });
  return message('B', cstring(''), cstring(''), int16(0), int16(parameters.length), ...values, int16(0));
}

export function describePortalMessage(): Buffer {
  return message('D', Buffer.from('P\0'));
}

export function executeMessage(): Buffer {
  return message('E', cstring(''), int32(0));
}

export function syncMessage(): Buffer {
  return message('S');
}

export function terminateMessage(): Buffer {
  return message('X');
}

export function copyDoneMessage(): Buffer {
  return message('c');
}

export function copyFailMessage(reason: string): Buffer {
  return message('f', cstring(reason));
}
