import { expect, it } from 'vitest';
import { createPatience } from '../../shared/http/patience.ts';

const unavailable = expect.objectContaining({ code: 'UNAVAILABLE', retryAfter: 5 }) as Error;

it('gives back what is done in time, and its failure as it is', async () => {
  const patience = createPatience({ ms: 10_000, most: 1 });
  expect(await patience(() => Promise.resolve('done'))).toBe('done');
  await expect(patience(() => Promise.reject(new Error('failed')))).rejects.toThrow('failed');
});

it('does not wait for what takes too long, and says when to come again', async () => {
  const patience = createPatience({ ms: 1, most: 1 });
  await expect(patience(() => new Promise(() => undefined))).rejects.toEqual(unavailable);
});

it('begins nothing new while too much is left behind, and goes on when that is done', async () => {
  const patience = createPatience({ ms: 1, most: 1 });
  const slow: PromiseWithResolvers<void> = Promise.withResolvers();
  await expect(patience(() => slow.promise)).rejects.toEqual(unavailable);
  let begun = false;
  const next = (): Promise<void> => {
    begun = true;
    return Promise.resolve();
  };
  await expect(patience(next)).rejects.toEqual(unavailable);
  expect(begun).toBe(false);
  slow.resolve();
  await slow.promise;
  await patience(next);
  expect(begun).toBe(true);
});

it('hears of a failure that comes too late and lets it be', async () => {
  const patience = createPatience({ ms: 1, most: 1 });
  const slow: PromiseWithResolvers<void> = Promise.withResolvers();
  await expect(patience(() => slow.promise)).rejects.toEqual(unavailable);
  slow.reject(new Error('too late'));
  await expect(slow.promise).rejects.toThrow('too late');
  await expect(patience(() => Promise.resolve('next'))).resolves.toBe('next');
});
