import type { Context } from 'hono';
import type { ApiEnv } from '../app.ts';

/**
 * Sends lines as they come. What can not begin is a problem; what breaks off later breaks the connection, so that nobody
 * takes a part of an answer for the whole: to CSV no last line could say so.
 */
export async function sendLines(
  c: Context<ApiEnv>,
  type: string,
  lines: AsyncIterable<string>,
): Promise<never> {
  const iterator = lines[Symbol.asyncIterator]();
  let next: Promise<IteratorResult<string, unknown>> | undefined = Promise.resolve(await iterator.next());
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const line = await (next ?? iterator.next());
        next = undefined;
        if (line.done === true) controller.close();
        else controller.enqueue(encoder.encode(line.value));
      } catch (error) {
        c.var.log.requestFailed(500, error);
        controller.error(error);
      }
    },
    async cancel() {
      await iterator.return?.();
    },
  });
  // The router's types know answers of JSON and of text alone.
  return c.body(body, 200, { 'Content-Type': type }) as never;
}

export async function* jsonLines(values: AsyncIterable<object>): AsyncGenerator<string> {
  for await (const value of values) yield `${JSON.stringify(value)}\n`;
}
