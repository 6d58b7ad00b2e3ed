import type { Log } from '../cloud/log.ts';

const quiet = new WeakSet<Pick<Console, 'error'>>();

/**
 * Libraries that complain on the console repeat what they were given. Express prints the whole body with its
 * complaint about malformed JSON, and functions-framework an escaping error's message, into a log that is kept.
 * From here on the class and the place of an error are written, and nothing else.
 */
export function quietConsole(log: Log, console: Pick<Console, 'error'> = globalThis.console): void {
  if (quiet.has(console)) return;
  quiet.add(console);
  console.error = (...complaint: unknown[]) => {
    log.processComplained(complaint.find((part) => part instanceof Error));
  };
}
