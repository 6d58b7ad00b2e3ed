import { hash } from '@node-rs/argon2';
import { describe, expect, it } from 'vitest';
import { createPasswords, requireGoodPassword } from '../../shared/accounts/passwords.ts';

describe('a password', () => {
  it('is hashed with 19 MiB, two passes and a salt of its own', async () => {
    const passwords = createPasswords();
    const [one, two] = [await passwords.hash('the same words'), await passwords.hash('the same words')];
    expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}$/);
    expect(one).not.toBe(two);
  });

  it('is itself in any way that Unicode writes it, and nothing else is', async () => {
    const passwords = createPasswords();
    const stored = await passwords.hash('caf\u00e9 au lait');
    expect(await passwords.verify(stored, 'cafe\u0301 au lait')).toEqual({ good: true, renew: false });
    for (const other of [
      'cafe au lait',
      'CAF\u00c9 AU LAIT',
      'caf\u00e9 au lait ',
      '',
      `caf\u00e9 au lait\u0000`,
    ]) {
      expect((await passwords.verify(stored, other)).good).toBe(false);
    }
  });

  it('never fits where there is none, not even the one that is compared instead', async () => {
    const passwords = createPasswords();
    expect((await passwords.verify(undefined, 'nobody has this password')).good).toBe(false);
  });

  it('is due for another hash when the stored one took less work', async () => {
    const weaker = await hash('some words', { memoryCost: 4096, timeCost: 1, parallelism: 1 });
    expect(await createPasswords().verify(weaker, 'some words')).toEqual({ good: true, renew: true });
  });

  it('is computed for so many at a time; a flood is told to come again', async () => {
    const passwords = createPasswords();
    const outcomes = await Promise.allSettled(Array.from({ length: 100 }, () => passwords.hash('a flood')));
    const refused = outcomes.filter(({ status }) => status === 'rejected');
    expect(refused).toHaveLength(100 - 4 - 64);
    for (const { reason } of refused as PromiseRejectedResult[]) {
      expect(reason).toMatchObject({ code: 'UNAVAILABLE', retryAfter: 2 });
    }
    await expect(passwords.hash('afterwards')).resolves.toBeDefined();
  });

  it.each(['seven plain bricks under a lime tree', 'ü'.repeat(2) + ' näht Wolken an den Zaun'])(
    'may be %s',
    async (password) => {
      await expect(
        requireGoodPassword(password, 'password', ['owner@test.example']),
      ).resolves.toBeUndefined();
    },
  );

  it.each([
    'eleven chrs',
    'owner@test.example',
    'exampleowner1',
    'Owner-Test-2026!',
    'aaaaaaaaaaaaaaaa',
    'x'.repeat(257),
  ])('may not be %s', async (password) => {
    await expect(requireGoodPassword(password, 'password', ['owner@test.example'])).rejects.toThrow(
      expect.objectContaining({ code: 'BAD_REQUEST', message: 'not valid at: password' }) as Error,
    );
  });
});
