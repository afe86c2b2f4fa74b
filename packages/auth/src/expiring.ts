// Short-lived values that are fetched anew shortly before they end. Whoever asks gets one that is still good; those who
// ask at the same time share one fetch; a failed one is not remembered.

export interface Expiring<T> {
  readonly value: T;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

export type Provider<T> = () => Promise<T>;

const RENEW_EARLY_MS = 5 * 60_000;

/** A value is renewed five minutes before it ends; until it ends, it serves on if that fails. */
export function renewing<T>(fetch: () => Promise<Expiring<T>>, now: () => number): Provider<T> {
  let current: Expiring<T> | undefined;
  let pending: Promise<T> | undefined;
  const renew = async (): Promise<T> => {
    try {
      current = await fetch();
    } catch (error) {
      if (current === undefined || now() >= current.expiresAt) throw error;
    } finally {
      pending = undefined;
    }
    return current.value;
  };
  return () => {
    if (current !== undefined && now() < current.expiresAt - RENEW_EARLY_MS)
      return Promise.resolve(current.value);
    pending ??= renew();
    return pending;
  };
}
