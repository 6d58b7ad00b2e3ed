import { expect, it } from 'vitest';
import { AppError } from '../../shared/domain/errors.ts';
import { toAppError } from '../../shared/http/problem.ts';

/** An error as the Google clients throw them. */
const grpc = (code: number, message = 'no'): Error => Object.assign(new Error(message), { code });

it.each([
  ['DEADLINE_EXCEEDED', grpc(4)],
  ['RESOURCE_EXHAUSTED', grpc(8)],
  ['ABORTED', grpc(10)],
  ['UNAVAILABLE', grpc(14)],
  [
    'a transaction that waited too long',
    grpc(3, '3 INVALID_ARGUMENT: The referenced transaction has expired'),
  ],
])('%s passes: the caller is told to come again', (_what, error) => {
  expect(toAppError(error)).toMatchObject({ code: 'UNAVAILABLE', retryAfter: 5 });
});

it.each([
  ['INVALID_ARGUMENT', grpc(3)],
  ['PERMISSION_DENIED', grpc(7)],
  ['no error of a client', new Error('transaction has expired')],
  ['no error at all', 'UNAVAILABLE'],
])('%s is a fault of ours', (_what, thrown) => {
  expect(toAppError(thrown).code).toBe('INTERNAL');
});

it('an error of ours stays what it is', () => {
  const error = new AppError('NOT_FOUND');
  expect(toAppError(error)).toBe(error);
});
