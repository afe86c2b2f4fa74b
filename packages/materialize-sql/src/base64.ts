/** The bytes of base64, which may be broken into lines. Throws for any other text, of which a lax decoder makes other bytes. */
export function base64Bytes(text: string): Buffer {
  const whole = /[\r\n]/.test(text) ? text.replaceAll(/[\r\n]/g, '') : text;
  if (!isBase64(whole)) throw new TypeError('it is no base64');
  return Buffer.from(whole, 'base64');
}

/** Padded, and of the standard alphabet. No expression with repetitions: texts may have many millions of characters. */
export function isBase64(text: string): boolean {
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  return text.length % 4 === 0 && !/[^A-Za-z0-9+/]/.test(text.slice(0, text.length - padding));
}
