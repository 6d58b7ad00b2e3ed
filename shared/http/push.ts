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
 * A function that Pub/Sub pushes to. 204 ends a message; everything else brings it back and after ten times makes it
 * a dead letter: 400 for what is no message of ours, 503 where a repeat can help, 500 where it can not.
 */
export function pushHandler<T>(options: PushOptions<T>): HttpFunction {
  return async (req, res) => {
    const requestId = randomId('request');
    const log = options.log.within({ requestId, trace: req.get('x-cloud-trace-context') });
    const refusal = await outcome(options, log, readPush(options.schema, req.rawBody), requestId);
    if (refusal !== undefined) sendProblem(res, refusal, requestId);
    else res.writeHead(204, { 'Cache-Control': 'no-store', 'Request-Id': requestId }).end();
  };
}

/** Handles, then holds; what is left is the error to refuse with, logged. */
async function outcome<T>(
  options: PushOptions<T>,
  log: Log,
  received: Received<T>,
  requestId: string,
): Promise<AppError | undefined> {
  const { messageId, subscription, message } = received;
  if (message === undefined) {
    log.pushGarbage(messageId);
    return options.deadLetters === true ? undefined : new AppError('BAD_REQUEST', 'not a message of ours');
  }
  const meta = { messageId, subscription, requestId };
  try {
    await options.handle(message.value, meta);
    return undefined;
  } catch (thrown) {
    const error = toAppError(thrown);
    log.pushFailed(messageId, error);
    if (canPass(error)) return new AppError('UNAVAILABLE');
    if (options.hold === undefined) return new AppError('INTERNAL');
    return held(log, messageId, options.hold(message.value, error, meta));
  }
}

async function held(log: Log, messageId: string, holding: Promise<void>): Promise<AppError | undefined> {
  try {
    await holding;
    return undefined;
  } catch (thrown) {
    log.pushFailed(messageId, toAppError(thrown));
    return new AppError('UNAVAILABLE');
  }
}

/** A cloud that is away, and what we did not foresee: a deployment may mend it before the last try. */
function canPass(error: AppError): boolean {
  return error.code === 'UNAVAILABLE' || error.code === 'INTERNAL';
}

interface Received<T> {
  messageId: string;
  subscription: string;
  message?: { value: T };
}

function readPush<T>(schema: z.ZodType<T>, body: Buffer | undefined): Received<T> {
  const envelope = Envelope.safeParse(parseJson(body));
  if (!envelope.success) return { messageId: '', subscription: '' };
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
