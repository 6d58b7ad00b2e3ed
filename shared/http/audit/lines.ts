import type { Context } from 'hono';
import { stream } from 'hono/streaming';
import type { ApiEnv } from '../app.ts';

/** Sends lines as they come. An answer that breaks off shows it: its last line is missing. */
export function sendLines(c: Context<ApiEnv>, type: string, lines: AsyncIterable<string>): never {
  c.header('Content-Type', type);
  const sent = stream(
    c,
    async (to) => {
      for await (const line of lines) {
        if (to.aborted) return;
        await to.write(line);
      }
    },
    (error) => {
      c.var.log.requestFailed(500, error);
      return Promise.resolve();
    },
  );
  // The router's types know answers of JSON and of text alone.
  return sent as never;
}

export async function* jsonLines(values: AsyncIterable<object>): AsyncGenerator<string> {
  for await (const value of values) yield `${JSON.stringify(value)}\n`;
}
