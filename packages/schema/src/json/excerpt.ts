/** The start of a text, at most `limit` UTF-16 units without cutting a surrogate pair; `…` marks a cut. */
export function excerptText(text: string, limit: number): string {
  if (text.length <= limit) return text;
  let end = limit - 1;
  const last = text.charCodeAt(end - 1);
  if (last >= 0xd800 && last <= 0xdbff) end--;
  return `${text.slice(0, end)}…`;
}
