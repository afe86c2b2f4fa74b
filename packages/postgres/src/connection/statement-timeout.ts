/** A duration as configurations have it, such as 30s or 5m, as the server spells it: min for minutes. */
export function serverDuration(duration: string): string {
  return duration.replace(/m$/, 'min');
}
