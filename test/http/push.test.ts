import { describe, expect, it } from 'vitest';
import { createLog } from '../../shared/cloud/log.ts';
import { AppError } from '../../shared/domain/errors.ts';
import { randomId } from '../../shared/domain/ids.ts';
import { OrderMessage } from '../../shared/domain/order.ts';
import { pushHandler, type PushMeta, type PushOptions } from '../../shared/http/push.ts';
import { serve } from './serve.ts';

const message: OrderMessage = { companyId: randomId('company'), orderId: randomId('order') };
const canary = 'canary@leak.invalid';

function envelope(data: unknown, more: object = {}): string {
  const encoded = Buffer.from(JSON.stringify(data)).toString('base64');
  return JSON.stringify({
    message: { data: encoded, messageId: '42', publishTime: '2026-11-23T09:00:00Z', ...more },
    subscription: 'projects/demo/subscriptions/orders-route-order',
  });
}

async function push(body: string, options: Partial<PushOptions<OrderMessage>>) {
  const lines: string[] = [];
  const log = createLog({ functionName: 'route-order', write: (line) => lines.push(line) });
  const url = await serve(
    pushHandler({ log, schema: OrderMessage, handle: () => Promise.resolve(), ...options }),
  );
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  });
  const text = await response.text();
  expect(text + lines.join('')).not.toContain('canary');
  return {
    status: response.status,
    events: lines.map((line) => (JSON.parse(line) as { event: string }).event),
  };
}

describe('a pushed message', () => {
  it('is handed on with its id, its subscription and a request id, and acknowledged', async () => {
    const seen: [OrderMessage, PushMeta][] = [];
    const handle = (got: OrderMessage, meta: PushMeta) => {
      seen.push([got, meta]);
      return Promise.resolve();
    };
    expect(await push(envelope(message), { handle })).toEqual({ status: 204, events: [] });
    const requestId = expect.stringMatching(/^req_/) as string;
    expect(seen).toEqual([[message, { messageId: '42', subscription: 'orders-route-order', requestId }]]);
  });

  it.each([
    ['an unknown error', new TypeError(canary)],
    ['a cloud that is away', Object.assign(new Error(canary), { code: 14 })],
    ['UNAVAILABLE', new AppError('UNAVAILABLE')],
  ])('comes back after %s', async (_, error) => {
    const hold = () => Promise.reject(new Error('hold is for what is hopeless'));
    const answer = await push(envelope(message), { handle: () => Promise.reject(error), hold });
    expect(answer).toEqual({ status: 503, events: ['push.failed'] });
  });

  it('is held and acknowledged after an error that no repeat can help', async () => {
    const held: string[] = [];
    const hold = (got: OrderMessage, error: AppError) => {
      held.push(`${got.orderId} ${error.code}`);
      return Promise.resolve();
    };
    const handle = () => Promise.reject(new AppError('KEY_GONE'));
    expect(await push(envelope(message), { handle, hold })).toEqual({ status: 204, events: ['push.failed'] });
    expect(held).toEqual([`${message.orderId} KEY_GONE`]);
  });

  it('comes back when it could not be held', async () => {
    const handle = () => Promise.reject(new AppError('KEY_GONE'));
    const hold = () => Promise.reject(Object.assign(new Error(canary), { code: 4 }));
    expect((await push(envelope(message), { handle, hold })).status).toBe(503);
  });

  it('is refused until it is a dead letter when nobody holds it', async () => {
    const handle = () => Promise.reject(new AppError('KEY_GONE'));
    expect(await push(envelope(message), { handle })).toEqual({ status: 500, events: ['push.failed'] });
  });
});

describe('what is no message of ours', () => {
  const garbage: [string, string][] = [
    ['an empty object', '{}'],
    ['no envelope', JSON.stringify(message)],
    [
      'data that is not base64',
      JSON.stringify({ message: { data: '***', messageId: '1' }, subscription: 's' }),
    ],
    [
      'data that is not JSON',
      JSON.stringify({ message: { data: 'e3t7', messageId: '1' }, subscription: 's' }),
    ],
    ['another message', envelope({ ...message, email: canary })],
    ['a message id that is text', envelope(message, { messageId: canary })],
  ];

  it.each(garbage)('is refused and logged: %s', async (_, body) => {
    expect(await push(body, {})).toEqual({ status: 400, events: ['push.garbage'] });
  });

  it.each(garbage)('is acknowledged and logged where dead letters end: %s', async (_, body) => {
    expect(await push(body, { deadLetters: true })).toEqual({ status: 204, events: ['push.garbage'] });
  });
});
