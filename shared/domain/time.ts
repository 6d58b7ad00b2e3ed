/** The time is an argument: milliseconds since 1970, as `Date.now` gives them. */
export type Clock = () => number;

/** RFC 3339 in UTC with milliseconds: `2026-11-23T09:00:00.000Z`. */
export function timestamp(now: Clock): string {
  return new Date(now()).toISOString();
}
