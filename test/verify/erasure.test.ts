import { createHash, generateKeyPairSync } from 'node:crypto';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { CompactSign, exportJWK } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { randomId } from '../../shared/domain/ids.ts';
import { certify } from '../../shared/orders/certificate.ts';
import type { StoredErasure } from '../../shared/orders/erasure.ts';
import { verifyErasure } from '../../verify/erasure.mjs';

const ROOT = resolve(import.meta.dirname, '..', '..');
const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const KID = 'key';
const DESTROYED = '2026-11-25T10:00:00.000Z';
const HORIZON = '2026-11-26T05:30:00.000Z';
const order = randomId('order');
const view = randomId('order');
let jwks: { keys: object[] };
let folder: string;
beforeAll(async () => {
  jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: KID, alg: 'ES256', use: 'sig' }] };
  folder = await mkdtemp(join(tmpdir(), 'strongroom-certificate-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const sign = (typ: string, payload: object): Promise<string> =>
  new CompactSign(Buffer.from(JSON.stringify(payload)))
    .setProtectedHeader({ alg: 'ES256', kid: KID, typ })
    .sign(privateKey);

const stored: StoredErasure & { destroyedAt: string; horizon: string } = {
  ...{ companyId: randomId('company'), orders: [order], views: [view], state: 'destroyed' },
  ...{ requestedAt: DESTROYED, destroyedAt: DESTROYED, horizon: HORIZON, certificate: null },
};
const erasureId = randomId('erasure');
/** As the hub makes it. */
const certificate = (state: 'destroyed' | 'confirmed', at: string): Promise<string> =>
  certify(erasureId, stored, state, at, {
    attest: { sign, publicKeys: () => Promise.resolve([]) },
    issuer: 'https://hub.example',
  });

const codes = async (input: Omit<Parameters<typeof verifyErasure>[0], 'jwks'>): Promise<string[]> =>
  (await verifyErasure({ jwks, ...input })).problems.map(({ code }) => code);

describe('the certificate of an erasure', () => {
  it('holds as the hub makes it, before and after the horizon', async () => {
    const earlier = await certificate('destroyed', DESTROYED);
    const later = await certificate('confirmed', HORIZON);
    expect(await codes({ certificate: earlier, orders: [order] })).toEqual([]);
    expect(await codes({ certificate: later, orders: [order], earlier })).toEqual([]);
  });

  it('does not hold when a bit of it is changed, when it is signed by another, or is another statement', async () => {
    const good = await certificate('confirmed', HORIZON);
    const [header = '', payload = '', signature = ''] = good.split('.');
    const said = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object;
    const changed = Buffer.from(JSON.stringify({ ...said, orders: [] })).toString('base64url');
    expect(await codes({ certificate: [header, changed, signature].join('.') })).toEqual(['NOT_SIGNED']);
    expect(await codes({ certificate: 'nothing' })).toEqual(['NOT_SIGNED']);
    expect(await codes({ certificate: await sign('strongroom-root+jwt', said) })).toEqual([
      'NOT_A_CERTIFICATE',
    ]);
    expect((await verifyErasure({ certificate: good, jwks: { keys: [] } })).problems[0]?.code).toBe(
      'UNKNOWN_KEY',
    );
  });

  it('does not cover another order, nor what was only a view', async () => {
    const good = await certificate('confirmed', HORIZON);
    expect(await codes({ certificate: good, orders: [randomId('order')] })).toEqual(['NOT_COVERED']);
    expect(await codes({ certificate: good, orders: [view] })).toEqual(['NOT_COVERED']);
  });

  it.each([
    ['confirmed before its horizon', { state: 'confirmed', iat: Date.parse(DESTROYED) / 1000 }],
    ['with a horizon that comes too early', { horizon: DESTROYED }],
    ['issued before the keys were destroyed', { iat: 0 }],
    ['in no state', { state: 'done' }],
    ['of no order', { orders: [], views: [] }],
    ['that names orders by their ids', { orders: [order] }],
    ['without a time', { destroyedAt: 'then' }],
    ['of nobody', { sub: 'somebody' }],
    ['that says nothing of what it can not cover', { notCovered: [] }],
    ['of a list of companies', { sub: [stored.companyId] }],
    ['of a list of erasures', { jti: [erasureId] }],
    ['that names its orders in one text', { orders: createHash('sha256').update(order).digest('hex') }],
    ['that names orders by lists', { orders: [[createHash('sha256').update(order).digest('hex')]] }],
    ['with times that are none', { destroyedAt: 'Nov 25 2026', horizon: 'Nov 26 2026' }],
    ['issued at a text', { iat: '1764066600' }],
    ['that can not cover a list', { notCovered: [[]] }],
  ])('does not hold when it is %s', async (_what, change) => {
    const good = await certificate('destroyed', DESTROYED);
    const said = JSON.parse(Buffer.from(good.split('.')[1] ?? '', 'base64url').toString()) as object;
    const certificateWith = await sign('strongroom-erasure+jwt', { ...said, ...change });
    expect(await codes({ certificate: certificateWith })).toEqual(['NOT_CONSISTENT']);
  });

  it('is read as the hub writes it, or not at all', async () => {
    const good = await certificate('confirmed', HORIZON);
    const said = Buffer.from(good.split('.')[1] ?? '', 'base64url').toString();
    const twice = said.replace('"state":', '"state":"destroyed","state":');
    for (const payload of ['null', '[]', '5', ` ${said}`, twice]) {
      const odd = await new CompactSign(Buffer.from(payload))
        .setProtectedHeader({ alg: 'ES256', kid: KID, typ: 'strongroom-erasure+jwt' })
        .sign(privateKey);
      expect(await codes({ certificate: odd }), payload).toEqual(['NOT_A_CERTIFICATE']);
    }
    for (const odd of [undefined, {}, { keys: [null] }]) {
      await expect(verifyErasure({ certificate: good, jwks: odd })).rejects.toThrow('The keys are not');
    }
  });

  it('is told from that of another erasure', async () => {
    const good = await certificate('confirmed', HORIZON);
    const said = JSON.parse(Buffer.from(good.split('.')[1] ?? '', 'base64url').toString()) as object;
    const hash = createHash('sha256').update('another').digest('hex');
    const earlier = await sign('strongroom-erasure+jwt', { ...said, state: 'destroyed', orders: [hash] });
    expect(await codes({ certificate: good, earlier })).toEqual(['NOT_THE_SAME']);
  });

  it('is checked by a command, without the hub', async () => {
    const keys = join(folder, 'jwks.json');
    const file = join(folder, 'erasure.json');
    await writeFile(keys, JSON.stringify(jwks));
    await writeFile(
      file,
      JSON.stringify({ id: erasureId, certificate: await certificate('confirmed', HORIZON) }),
    );
    const run = (...args: string[]): Promise<{ stdout: string }> =>
      promisify(execFile)(process.execPath, ['verify/verify-erasure.mjs', ...args], { cwd: ROOT });
    const { stdout } = await run(file, '--keys', keys, '--order', order);
    expect(stdout).toContain(`since ${HORIZON} no backup holds one`);
    await expect(run(file, '--keys', keys, '--order', view)).rejects.toMatchObject({ code: 1 });
    await expect(run(file)).rejects.toMatchObject({ code: 2 });
  });
});

describe('the certificate of a company’s deletion', () => {
  const companyId = randomId('company');
  const said = {
    ...{ iss: 'https://hub.example', sub: companyId, iat: Date.parse(DESTROYED) / 1000 },
    ...{ destroyedAt: DESTROYED, horizon: HORIZON, state: 'destroyed' },
    ...{ destroyed: ['the key of every order', 'the key of the company'], notCovered: ['exports'] },
  };
  const closing = (change: object = {}) => sign('strongroom-closing+jwt', { ...said, ...change });
  const confirmed = { state: 'confirmed', iat: Date.parse(HORIZON) / 1000 };

  it('holds before and after the horizon, for its company', async () => {
    const earlier = await closing();
    expect(await codes({ certificate: earlier, company: companyId })).toEqual([]);
    expect(await codes({ certificate: await closing(confirmed), earlier })).toEqual([]);
  });

  it('is of no other company, and shows nothing of a single order', async () => {
    const certificate = await closing();
    expect(await codes({ certificate, company: randomId('company') })).toEqual(['NOT_COVERED']);
    expect(await codes({ certificate, orders: [order] })).toEqual(['NOT_COVERED']);
    const earlier = await closing({ sub: randomId('company') });
    expect(await codes({ certificate, earlier })).toEqual(['NOT_THE_SAME']);
  });

  it.each([
    ['confirmed before its horizon', { state: 'confirmed' }],
    ['with a horizon that comes too early', { horizon: DESTROYED }],
    ['of nobody', { sub: 'somebody' }],
    ['of nothing that was destroyed', { destroyed: [] }],
  ])('does not hold when it is %s', async (_what, change) => {
    expect(await codes({ certificate: await closing(change) })).toEqual(['NOT_CONSISTENT']);
  });

  it('is never taken for one of an erasure, nor the other way round', async () => {
    expect(await codes({ certificate: await sign('strongroom-erasure+jwt', said) })).toContain(
      'NOT_CONSISTENT',
    );
    const payload = (await certificate('destroyed', DESTROYED)).split('.')[1] ?? '';
    const erasure = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object;
    expect(await codes({ certificate: await sign('strongroom-closing+jwt', erasure) })).toEqual([
      'NOT_CONSISTENT',
    ]);
  });
});
