import type { HttpFunction } from '@google-cloud/functions-framework';
import { z } from 'zod';
import type { Log } from '../cloud/log.ts';
import { AppError } from '../domain/errors.ts';
import { randomId } from '../domain/ids.ts';
import { sendProblem, toAppError } from './problem.ts';

/** What Pub/Sub wraps a message in when it pushes: https://cloud.google.com/pubsub/docs/push#receive_push. */
const Envelope = z.object({
  message: z.object({ data: z.base64(), messageId: z.string().regex(/^[0-9]{1,30}$/) }),
  subscription: z.string(),
});

export interface PushMeta {
  messageId: string;
  /** The last part of the subscription's name, such as `orders-route-order`. */
  subscription: string;
  /** For audit entries: a push is a request too. */
  requestId: string;
}

export interface PushOptions<T> {
  log: Log;
  schema: z.ZodType<T>;
  handle: (message: T, meta: PushMeta) => Promise<void>;
  /**
   * Called for an error of ours that no repeat can help; the message is then acknowledged. Without it such a
   * message is refused until it becomes a dead letter.
   */
  hold?: (message: T, error: AppError, meta: PushMeta) => Promise<void>;
  /** A dead letter has nowhere further to go: what can not be read is logged and acknowledged. */
  deadLetters?: boolean;
}

/**
 * A function that Pub/Sub pushes to. 204 ends a message, everything else brings it back, after ten times as a dead
 * letter: 400 for what is not a message of ours, 503 when a repeat can help, 500 when it can not.
 */
export function pushHandler<T>(options: PushOptions<T>): HttpFunction {
  return async (req, res) => {
    const requestId = randomId('request');
    const log = options.log.within({ requestId, trace: req.get('x-cloud-trace-context') });
    const received = readPush(options.schema, req.rawBody);
    const messageId = received.messageId ?? '';
    try {
      if (received.message === undefined) {
        log.pushGarbage(messageId);
        if (options.deadLetters !== true) throw new AppError('BAD_REQUEST');
      } else {
        const { message, subscription } = received;
        await handled(options, message.value, { messageId, subscription, requestId });
      }
      res.writeHead(204, { 'Cache-Control': 'no-store', 'Request-Id': requestId }).end();
    } catch (thrown) {
      const error = toAppError(thrown);
      if (error.code !== 'BAD_REQUEST') log.pushFailed(messageId, error);
      const passing = error.code === 'UNAVAILABLE' || error.code === 'INTERNAL';
      sendProblem(res, passing ? new AppError('UNAVAILABLE') : error, requestId);
    }
  };
}

async function handled<T>(options: PushOptions<T>, message: T, meta: PushMeta): Promise<void> {
  try {
    await options.handle(message, meta);
  } catch (thrown) {
    const error = toAppError(thrown);
    const hopeless = error.code !== 'UNAVAILABLE' && error.code !== 'INTERNAL';
    if (!hopeless || options.hold === undefined) throw error;
    await options.hold(message, error, meta);
  }
}

interface Received<T> {
  messageId?: string;
  subscription: string;
  message?: { value: T };
}

function readPush<T>(schema: z.ZodType<T>, body: Buffer | undefined): Received<T> {
  const envelope = Envelope.safeParse(parseJson(body));
  if (!envelope.success) return { subscription: '' };
  const { message, subscription } = envelope.data;
  const received = { messageId: message.messageId, subscription: subscription.split('/').at(-1) ?? '' };
  const parsed = schema.safeParse(parseJson(Buffer.from(message.data, 'base64')));
  return parsed.success ? { ...received, message: { value: parsed.data } } : received;
}

function parseJson(bytes: Buffer | undefined): unknown {
  try {
    return JSON.parse(bytes?.toString('utf8') ?? '');
  } catch {
    return undefined;
  }
}
