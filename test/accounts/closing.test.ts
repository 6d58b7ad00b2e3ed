import { FieldValue } from '@google-cloud/firestore';
import { createLocalJWKSet, jwtVerify, type JSONWebKeySet } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectCompanies, seedCompany, seedProducts } from '../../local/seed.ts';
import { sendStandardWebhook } from '../../local/shops/standard.ts';
import { issueSession } from '../../shared/accounts/sessions.ts';
import { copyOf, type StoredCharge } from '../../shared/billing/documents.ts';
import { openKeyringCopies } from '../../shared/backups/keyring-copies.ts';
import { createAttest } from '../../shared/cloud/attest.ts';
import { openBackupBuckets } from '../../shared/cloud/backup-buckets.ts';
import { readConfig } from '../../shared/cloud/config.ts';
import { openFirestore, paths } from '../../shared/cloud/firestore.ts';
import { openKeyring } from '../../shared/cloud/keyring.ts';
import { createKms } from '../../shared/cloud/kms.ts';
import { createLog } from '../../shared/cloud/log.ts';
import { createPublisher } from '../../shared/cloud/pubsub.ts';
import { createLedger } from '../../shared/cloud/storage.ts';
import { randomId } from '../../shared/domain/ids.ts';
import { closeCompanies, type CloseDeps } from '../../shared/ownership/close.ts';
import { replayLedger } from '../../shared/orders/replay-ledger.ts';
import { replayClosings } from '../../shared/ownership/replay-closings.ts';
import { createGrants } from '../../shared/support/grants.ts';
import { verifyErasure } from '../../verify/erasure.mjs';
import { eventually, type Market, startMarket } from '../support/market.ts';
import { type Account, DAY, HOUR, MINUTE, type People, SECOND, startPeople } from './people.ts';

let people: People;
let market: Market;
beforeAll(async () => {
  people = await startPeople();
  market = await startMarket(people.cloud);
});
afterAll(() => people.cloud.stop());

const db = () => market.seed.db;
const ownerOf = async (companyId: string): Promise<Account> => {
  const found = await db().collection(paths.members(companyId)).get();
  const memberId = found.docs[0]?.id ?? '';
  return { companyId, memberId, email: '', token: await people.whole({ companyId, memberId }) };
};
const close = (token: string) => people.ask('DELETE', '/v1/company', { token });
const keep = (token: string) => people.ask('POST', '/v1/company/keep', { token });
const certificate = async (receipt: string) => {
  const answer = await people.ask('POST', '/v1/companies/certificate', { body: { token: receipt } });
  return answer.json as { state: string; certificate: string | null };
};
const actions = async (companyId: string) => (await people.log(companyId)).map(({ action }) => action);
const below = async (companyId: string) =>
  (await db().doc(paths.company(companyId)).listCollections()).map(({ id }) => id).sort();
const shopsOf = async (companyId: string) => {
  const found = await db().collection('shopRefs').where('companies', 'array-contains', companyId).get();
  return found.docs.map(({ id }) => id);
};
/** What a certificate says, by its signature and by what merchants check it with. */
const statement = async (jws: string | null) => {
  const answer = await fetch(`${market.cloud.baseUrl}/.well-known/jwks.json`);
  const jwks = (await answer.json()) as JSONWebKeySet;
  expect((await verifyErasure({ certificate: jws ?? '', jwks })).problems).toEqual([]);
  return (await jwtVerify(jws ?? '', createLocalJWKSet(jwks), { typ: 'strongroom-closing+jwt' })).payload;
};

/** A charge that was declined and waits for its next day, and the card that it is charged to, at both sides. */
async function unpaid(sides: Pick<StoredCharge, 'supplierId' | 'retailerId' | 'partnerId'>): Promise<string> {
  const id = randomId('charge');
  const at = new Date(people.cloud.clock.now()).toISOString();
  const accountId = 'acct_closing';
  const ids = { orderId: randomId('order'), shownId: randomId('order') };
  const orders = [{ ...ids, amount: 100, refunded: 0, lost: 0, lines: [] }];
  const charge: StoredCharge = {
    ...{ ...sides, accountId, mode: 'test', state: 'declined', code: 'CARD_DECLINED', day: at.slice(0, 10) },
    ...{ currency: 'USD', amount: 100, fee: 1, refunded: 0, lost: 0, dispute: null, orders, refunds: [] },
    ...{ customerId: 'cus_1', invoiceId: null, paymentIntentId: null, refusedAttempt: null, attempts: 1 },
    ...{ nextAttemptAt: '2999-01-01T00:00:00.000Z', createdAt: at, updatedAt: at, due: 0 },
  };
  const card = { ...sides, accountId, customerId: 'cus_1', paymentMethodId: 'pm_1', updatedAt: at };
  for (const companyId of [sides.supplierId, sides.retailerId]) {
    await db().doc(paths.charge(companyId, id)).set(copyOf(charge, companyId));
    await db().doc(paths.card(companyId, sides.partnerId)).set(card);
  }
  return id;
}

describe('a deletion', () => {
  it('is asked for by owners alone, by a sign-in of the last ten minutes with its password', async () => {
    const owner = await people.owner();
    const admin = await people.member(owner, 'admin');
    expect((await close(admin.token)).status).toBe(403);
    const then = people.cloud.clock.now() - 10 * MINUTE - SECOND;
    const passwordAt = new Date(then).toISOString();
    const of = { ...owner, mode: 'test', role: 'owner', level: 'full', passwordAt } as const;
    // Of a while ago, and of now by a password of a while ago.
    for (const now of [() => then, people.cloud.clock.now]) {
      const batch = db().batch();
      const { token } = issueSession(batch, of, { db: db(), now });
      await batch.commit();
      expect((await close(token)).json).toMatchObject({ code: 'FRESH_SIGN_IN_NEEDED' });
    }
    const fresh = owner.token;
    expect((await close(fresh)).status).toBe(202);
    expect((await close(fresh)).json).toMatchObject({ code: 'CONFLICT' });
    const letters = await people.letters(owner.email);
    expect(letters.at(-1)?.subject).toContain('about to be deleted');
    expect(await certificate(letters.at(-1)?.token ?? '')).toMatchObject({
      state: 'grace',
      certificate: null,
    });
    const guess = await people.ask('POST', '/v1/companies/certificate', { body: { token: '0'.repeat(64) } });
    expect(guess.status).toBe(400);
  });

  it('stops orders at once and nothing else, and can be taken back for seven days', async () => {
    const { companyId, apiKey } = market.demo.retailer;
    const owner = await ownerOf(companyId);
    const resting = await seedCompany('Resting', 'closing-resting@test.example', market.seed);
    const paused = await connectCompanies(companyId, resting.companyId, market.seed);
    const rests = db().doc(paths.partner(resting.companyId, paused));
    await rests.update({ state: 'paused', pausedBy: 'us' });
    expect((await close(owner.token)).json).toMatchObject({ company: { id: companyId } });
    await people.cloud.clock.advance(30 * SECOND);
    const { standard } = market.demo.connections;
    const at = people.cloud.clock.now();
    const sent = await sendStandardWebhook({ ...standard, body: '{}', secrets: [standard.secret], at });
    expect(sent.status).toBe(410);
    await market.deliver(market.order());
    const before = await market.retailer.call('GET', '/v1/orders');
    expect(before.json).toMatchObject({ data: [] });
    const order = { externalId: '1', code: '1', currency: 'USD' };
    const lines = [{ sku: 'X', title: 'x', quantity: 1, unitPrice: 100 }];
    const totals = { items: 100, shipping: 0, tax: 0, discount: 0, total: 100 };
    const shipTo = { firstName: 'F', lastName: 'L', streetAddress: '1 Street', postalCode: '1', region: 'R' };
    const body = { ...order, lines, totals, shipTo: { ...shipTo, country: 'US' } };
    const made = await people.ask('POST', '/v1/orders', { token: apiKey, body });
    expect(made.json).toMatchObject({ code: 'COMPANY_CLOSING' });
    expect(await actions(market.supplier.companyId)).toContain('partner.closing');

    await people.cloud.clock.advance(6 * DAY);
    expect((await keep((await ownerOf(companyId)).token)).json).toMatchObject({ closing: null });
    expect((await keep((await ownerOf(companyId)).token)).status).toBe(409);
    await people.cloud.clock.advance(2 * DAY);
    await market.deliver(market.order());
    await eventually(async () => {
      const listed = await market.retailer.call('GET', '/v1/orders');
      expect((listed.json as { data: object[] }).data.length).toBe(1);
    });
    expect(await actions(market.supplier.companyId)).toContain('partner.kept');
    // Whoever has paused is told too, and stays so.
    const told = (await actions(resting.companyId)).filter((action) => action.startsWith('partner.'));
    expect([told, (await rests.get()).get('state')]).toEqual([['partner.closing', 'partner.kept'], 'paused']);
  });

  it('destroys every key, removes every document, tells partners and leaves a certificate', async () => {
    const { companyId, apiKey, email, password } = market.demo.retailer;
    const { orderId, supplyOrderId } = await market.routed();
    const [shop = ''] = await shopsOf(companyId);
    const theirs = { companyId: market.supplier.companyId, connectionId: randomId('connection') };
    const both = {
      connections: FieldValue.arrayUnion(theirs),
      companies: FieldValue.arrayUnion(theirs.companyId),
    };
    await db().doc(paths.shopRef(shop)).update(both);
    // The key of what moved to a bucket that forgets nothing.
    await db()
      .doc(paths.auditSegment(companyId, '000000000000'))
      .create({ key: Buffer.alloc(32) });
    const { receipt } = (await close((await ownerOf(companyId)).token)).json as { receipt: string };
    await people.cloud.clock.advance(7 * DAY);
    await eventually(async () => {
      expect(await people.cloud.clock.tick('close')).toBe(204);
      expect((await certificate(receipt)).state).toBe('destroyed');
    }, 25_000);

    expect((await db().doc(paths.shopRef(shop)).get()).data()).toEqual({
      connections: [theirs],
      companies: [theirs.companyId],
    });
    expect((await people.ask('GET', '/v1/company', { token: apiKey })).status).toBe(401);
    expect((await people.signIn(email, password)).status).toBe(401);
    expect(await market.seed.keyring.recordKeyExists(orderId)).toBe(false);
    expect(await market.seed.keyring.companyKeyExists(companyId)).toBe(false);
    expect((await db().doc(paths.company(companyId)).get()).exists).toBe(false);
    expect(await below(companyId)).toEqual(['audit', 'auditArchive', 'auditHeads', 'auditTree', 'erasures']);
    const supply = await market.supplier.call('GET', `/v1/orders/${supplyOrderId}`);
    expect(supply.json).toMatchObject({ state: 'cancelled', shipTo: null });
    expect(await actions(market.supplier.companyId)).toContain('partner.ended');
    const first = await certificate(receipt);
    expect(await statement(first.certificate)).toMatchObject({ sub: companyId, state: 'destroyed' });

    await people.cloud.clock.advance(2 * HOUR);
    await eventually(async () => {
      await people.cloud.clock.tick('sweep');
      await people.cloud.clock.tick('close');
      expect((await certificate(receipt)).state).toBe('confirmed');
    }, 25_000);
    expect(await below(companyId)).toEqual([]);
    expect(await statement((await certificate(receipt)).certificate)).toMatchObject({ state: 'confirmed' });
  });
});

describe('a deletion that is killed at any step', () => {
  it('is finished by the next run, and a supplier’s lines go back to who ordered them', async () => {
    const [retailer, supplier] = await Promise.all([
      seedCompany('Retailer', 'closing-retailer@test.example', market.seed),
      seedCompany('Supplier', 'closing-supplier@test.example', market.seed),
    ]);
    await connectCompanies(retailer.companyId, supplier.companyId, market.seed);
    const product = { sku: 'X', title: 'x', price: 50, currency: 'USD', active: true };
    await seedProducts(supplier.companyId, [product], market.seed);
    const body = {
      ...{ externalId: '1', code: '1', currency: 'USD' },
      lines: [{ sku: 'X', title: 'x', quantity: 1, unitPrice: 100 }],
      totals: { items: 100, shipping: 0, tax: 0, discount: 0, total: 100 },
      shipTo: {
        ...{ firstName: 'F', lastName: 'L', streetAddress: '1 Street', postalCode: '1' },
        ...{ region: 'R', country: 'US' },
      },
    };
    const call = (method: string, path: string, sent?: object) =>
      people.ask(method, path, { token: retailer.apiKey, ...(sent && { body: sent }) });
    const { id } = (await call('POST', '/v1/orders', body)).json as { id: string };
    await eventually(async () => {
      expect((await call('GET', `/v1/orders/${id}`)).json).toMatchObject({ supplyOrders: [{}] });
    });
    const partnerId = (await db().collection(paths.partners(retailer.companyId)).get()).docs[0]?.id ?? '';
    const sides = { supplierId: supplier.companyId, retailerId: retailer.companyId, partnerId };
    const chargeId = await unpaid(sides);
    const { receipt } = (await close((await ownerOf(supplier.companyId)).token)).json as { receipt: string };
    await people.cloud.clock.advance(7 * DAY - MINUTE);

    const config = readConfig(people.cloud.envOf('close'));
    const now = () => people.cloud.clock.now() + HOUR;
    const dying = new Set<string>();
    /** The first call of each verb dies before it has done anything, the second after. */
    const mortal = <T extends object>(part: T): T =>
      new Proxy(part, {
        get: (target, name) => {
          const verb: unknown = Reflect.get(target, name);
          if (typeof verb !== 'function') return verb;
          return async (...given: unknown[]) => {
            const before = `before ${String(name)}`;
            const after = `after ${String(name)}`;
            if (!dying.has(before)) {
              dying.add(before);
              throw new Error(before);
            }
            const done: unknown = await Reflect.apply(verb, target, given);
            if (dying.has(after)) return done;
            dying.add(after);
            throw new Error(after);
          };
        },
      });
    const buckets = openBackupBuckets(config, ['keyringBackups', 'offsiteKeyringBackups']);
    const deps: CloseDeps = {
      db: openFirestore(config, '(default)'),
      copies: openKeyringCopies({ buckets: Object.values(buckets) }),
      keyring: mortal(openKeyring(config, { now })),
      grants: createGrants(openFirestore(config, 'keyring')),
      ledger: mortal(createLedger(config)),
      attest: mortal(createAttest({ kms: createKms(config), now })),
      publisher: createPublisher(config),
      issuer: config.baseUrl,
      log: createLog({ functionName: 'close', write: () => undefined }),
      now,
    };
    await eventually(async () => {
      await closeCompanies(deps);
      expect((await certificate(receipt)).state).toBe('destroyed');
    }, 25_000);
    for (const verb of ['record', 'destroyCompanyKey', 'sign']) {
      expect([...dying]).toEqual(expect.arrayContaining([`before ${verb}`, `after ${verb}`]));
    }

    // A restore brings the company back: whoever replays the ledger sends it off again.
    const { companyId } = supplier;
    const company = {
      name: 'Supplier',
      mode: 'test',
      createdAt: new Date(now()).toISOString(),
      closing: null,
    };
    await db().doc(paths.company(companyId)).set(company);
    await market.seed.keyring.createCompanyKey(companyId);
    const replay = readConfig(people.cloud.envOf('replay-ledger'));
    const keyring = openKeyring(replay, { now });
    const replaying = { db: openFirestore(replay, '(default)'), keyring, ledger: createLedger(replay) };
    const acting = { actor: { type: 'system', id: null }, requestId: randomId('request') } as const;
    // Neither the company nor what it could open of its customer's order had an order's reference.
    const { tombstones } = await replayLedger(acting, { ...replaying, now });
    expect(tombstones).toBe(0);
    await replayClosings({ ...deps, ...replaying });
    expect(await keyring.companyKeyExists(companyId)).toBe(false);
    await eventually(async () => {
      await closeCompanies(deps);
      expect((await certificate(receipt)).state).toBe('destroyed');
    }, 25_000);
    expect((await db().doc(paths.company(companyId)).get()).exists).toBe(false);

    // What was not paid to the supplier can not be paid any more, and says so; its card on file is none.
    const charge = await call('GET', `/v1/billing/charges/${chargeId}`);
    const gone = { state: 'failed', code: 'WHOLESALER_GONE', nextAttemptAt: null };
    expect(charge.json).toMatchObject(gone);
    expect((await call('GET', `/v1/billing/cards?partner=${partnerId}`)).json).toMatchObject({ card: null });
    expect(await actions(retailer.companyId)).toContain('charge.settled');

    const order = await call('GET', `/v1/orders/${id}`);
    expect(order.json).toMatchObject({ lines: [{ supplier: null }], shipTo: { country: 'US' } });
    expect((await call('POST', `/v1/orders/${id}/cancel`, {})).status).toBe(200);
    expect((await call('POST', `/v1/orders/${id}/archive`)).status).toBe(200);
    expect((await call('DELETE', `/v1/orders/${id}`)).status).toBe(202);
    await eventually(async () => {
      expect((await call('GET', `/v1/orders/${id}`)).status).toBe(404);
    });
    expect((await db().doc(paths.sealed(id)).get()).exists).toBe(false);
  });
});
