import { describe, expect, it } from 'vitest';
import { createLog } from '../../shared/cloud/log.ts';
import { AppError } from '../../shared/domain/errors.ts';
import { randomId } from '../../shared/domain/ids.ts';

const canary = 'canary@leak.invalid';
const orderId = randomId('order');
const companyId = randomId('company');
const requestId = randomId('request');

function written(write: (log: ReturnType<typeof createLog>) => void): Record<string, unknown> {
  const lines: string[] = [];
  write(createLog({ functionName: 'orders', projectId: 'demo', write: (line) => lines.push(line) }));
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/^[^\n]+\n$/);
  expect(lines[0]).not.toContain('canary');
  return JSON.parse(lines[0] ?? '') as Record<string, unknown>;
}

describe('a log line', () => {
  it('is one JSON object that Cloud Logging understands', () => {
    const line = written((log) => {
      log.orderStored(orderId, companyId);
    });
    expect(line).toMatchObject({
      severity: 'INFO',
      event: 'order.stored',
      message: 'An order was stored',
      orderId,
      companyId,
      'logging.googleapis.com/labels': { function: 'orders' },
    });
    expect(line['logging.googleapis.com/insertId']).toBeTypeOf('string');
    expect(line['timestamp']).toEqual({
      seconds: expect.any(Number) as number,
      nanos: expect.any(Number) as number,
    });
  });

  it.each([[`${'ab'.repeat(16)}/123;o=1`], [`00-${'ab'.repeat(16)}-00f067aa0ba902b7-01`]])(
    'within a request carries its id and its trace (%s)',
    (trace) => {
      const line = written((log) => {
        log.within({ requestId, trace }).orderStored(orderId, companyId);
      });
      expect(line).toMatchObject({
        requestId,
        'logging.googleapis.com/trace': `projects/demo/traces/${'ab'.repeat(16)}`,
      });
    },
  );

  it.each([undefined, '', canary, `projects/x/${canary}`, 'AB'.repeat(16)])(
    'carries no trace made of %s',
    (trace) => {
      const line = written((log) => {
        log.within({ requestId, trace }).orderStored(orderId, companyId);
      });
      expect(Object.keys(line)).not.toContain('logging.googleapis.com/trace');
    },
  );

  it('withholds what is not an id or a code, whatever the types were told', () => {
    const line = written((log) => {
      log.orderIgnored(canary, { email: canary } as unknown as string, 'canary street 12');
    });
    expect(line).toMatchObject({ orderId: 'WITHHELD', companyId: 'WITHHELD', code: 'WITHHELD' });
  });
});

describe('an error in the log', () => {
  it('is its class, its code and its place, never its message', () => {
    const line = written((log) => {
      log.requestFailed(500, new RangeError(`${canary}\n    at ${canary} (file:///${canary}/leak.ts:1:1)`));
    });
    expect(line).toMatchObject({
      severity: 'ERROR',
      event: 'request.failed',
      status: 500,
      errorClass: 'RangeError',
    });
    expect((line['frames'] as string[])[0]).toMatch(/^cloud\/log\.test\.ts:\d+$/);
  });

  it('of ours tells what caused it, by class and code', () => {
    const cause = Object.assign(new TypeError(canary), { code: 14 });
    const line = written((log) => {
      log.requestFailed(503, new AppError('UNAVAILABLE', canary, { cause }));
    });
    expect(line).toMatchObject({ code: 'UNAVAILABLE', errorClass: 'TypeError', originCode: '14' });
  });

  it('with a class, a code and a stack made up by somebody else is withheld', () => {
    class Odd extends Error {
      code = canary;
      override stack = `Odd: ${canary}\n    at ${canary}`;
    }
    Object.defineProperty(Odd, 'name', { value: canary });
    const line = written((log) => {
      log.requestFailed(500, new AppError('INTERNAL', canary, { cause: new Odd(canary) }));
    });
    expect(line).toMatchObject({ errorClass: 'WITHHELD', originCode: 'WITHHELD', frames: [] });
  });

  it('that is no error is told as such', () => {
    const line = written((log) => {
      log.requestFailed(500, canary);
    });
    expect(line['errorClass']).toBe('NotAnError');
  });
});
