import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type AuditEntry, StoredEntry } from '../../shared/audit/entry.ts';
import { readConfig } from '../../shared/cloud/config.ts';
import { type DatabaseId, openFirestore, paths } from '../../shared/cloud/firestore.ts';
import type { Reach } from '../../shared/domain/support.ts';
import { FIRESTORE, rawCall } from '../local/raw-call.ts';
import {
  type BrowserKey,
  browserKey,
  DAY,
  type DeskFixture,
  HOUR,
  MINUTE,
  openDesk,
  type Person,
  question,
} from './desk-fixture.ts';

let desk: DeskFixture;
let supporter: Person;
let token: string;
let key: BrowserKey;
let orderId: string;
let other: { orderId: string; supplyOrderId: string };

beforeAll(async () => {
  desk = await openDesk();
  const { market } = desk;
  const [first, second] = await Promise.all([market.routed(), market.routed()]);
  orderId = first.orderId;
  other = second;
  supporter = await desk.person('support');
  token = await supporter.signIn();
  // From here on every hour is looked at, as by a schedule that runs each minute.
  expect(await market.cloud.clock.tick('sweep')).toBe(204);
});
afterAll(() => desk.stop());
beforeEach(async () => {
  key = await browserKey();
});

const open = (id: string, wanted: object, as = token) =>
  desk.call(as, 'POST', `/v1/support/requests/${id}/open`, wanted);
const read = (id: string, order = orderId, as = token) => open(id, { order }, as);
const decide = async (id: string, verb: 'approve' | 'deny' | 'revoke', body?: object) =>
  desk.call(await desk.member(), 'POST', `/v1/approvals/${id}/${verb}`, body);

/** The entries in the retailer's log that name a request, oldest first. */
async function entriesOf(id: string): Promise<AuditEntry[]> {
  const found = await desk.db.collection(paths.audit(desk.companyId)).get();
  return found.docs
    .map((doc) => StoredEntry.parse(doc.data()).entry)
    .filter((entry) => entry.record.id === id || entry.facts.supportRequestId === id)
    .sort((a, b) => (a.at < b.at ? -1 : 1));
}

describe('without an approval', () => {
  it('opens nothing for a request that the merchant has not decided', async () => {
    const { id } = await desk.ask(token, { records: [orderId] }, key);
    const answer = await read(id);
    expect([answer.status, answer.json.code]).toEqual([403, 'NOT_APPROVED']);
    expect(await desk.logOf(id)).toEqual(['support.requested done', 'access.refused refused']);
  });

  it('opens nothing for one that was denied', async () => {
    const { id } = await desk.ask(token, { records: [orderId] }, key);
    expect((await decide(id, 'deny')).json.state).toBe('denied');
    expect((await read(id)).json.code).toBe('NOT_APPROVED');
    const log = ['support.requested done', 'support.denied done', 'access.refused refused'];
    expect(await desk.logOf(id)).toEqual(log);
  });

  it('opens nothing by an approval that was forged in (default)', async () => {
    const { id } = await desk.ask(token, { records: [orderId] }, key);
    const reach = { records: [], kinds: ['orders'], actions: ['order.retry'], minutes: 480 };
    const approved = { reach, by: `mem_${'0'.repeat(26)}`, at: new Date().toISOString() };
    await desk.db.doc(paths.supportRequest(desk.companyId, id)).update({
      state: 'approved',
      approved,
      asked: reach,
      endsAt: new Date(Date.now() + DAY).toISOString(),
    });
    await desk.db.doc(`grants/${id}`).set({
      ...{ companyId: desk.companyId, staffId: supporter.id, reach, publicKey: key.publicKey },
      ...{ approvedBy: approved.by, approvedAt: approved.at, revokedAt: null },
      expiresAt: new Date(Date.now() + DAY).toISOString(),
    });
    expect((await read(id)).json.code).toBe('NOT_APPROVED');
    expect((await open(id, { kind: 'orders' })).json.code).toBe('NOT_APPROVED');
    const acted = await desk.call(token, 'POST', `/v1/support/requests/${id}/actions`, {
      ...{ action: 'order.retry', order: orderId },
    });
    expect(acted.json.code).toBe('NOT_APPROVED');
    expect(new Set(await desk.logOf(id))).toEqual(
      new Set(['support.requested done', 'access.refused refused']),
    );
  });
});

describe('with an approval', () => {
  it('answers the order for the one key of the request, and the merchant reads that it was shown', async () => {
    const id = await desk.approved(token, { records: [orderId] }, key);
    const answer = await read(id);
    expect(answer.status, answer.text).toBe(200);
    const mine = (await desk.call(desk.market.retailer.apiKey, 'GET', `/v1/orders/${orderId}`)).json;
    expect(await key.open(answer.json.jwe)).toEqual(mine);
    expect(answer.headers.get('audit-entry')).toMatch(/^aud_/);
    expect(await desk.logOf(id)).toEqual([
      'support.requested done',
      'support.approved intended',
      'support.approved done',
      'order.disclosed done',
    ]);
    const stored = await desk.db.collection(paths.audit(desk.companyId)).get();
    const shown = stored.docs.map((doc) => doc.data()).find((entry) => entry['action'] === 'order.disclosed');
    expect(shown?.['actor']).toEqual({ type: 'staff', id: supporter.id });
    expect(shown?.['record']).toEqual({ type: 'order', id: orderId });
  });

  it('gives a thief of the session nothing to read: the answer is not for any other key', async () => {
    const id = await desk.approved(token, { records: [orderId] }, key);
    const thief = await browserKey();
    const { json } = await read(id);
    await expect(thief.open(json.jwe)).rejects.toThrow();
    const name = (await desk.call(desk.market.retailer.apiKey, 'GET', `/v1/orders/${orderId}`)).json.shipTo
      .lastName;
    expect(JSON.stringify(json)).not.toContain(name);
  });

  it('opens no other order than those that were approved', async () => {
    const id = await desk.approved(token, { records: [orderId] }, key);
    expect((await read(id, other.orderId)).json.code).toBe('NOT_APPROVED');
    expect((await open(id, { kind: 'orders' })).json.code).toBe('NOT_APPROVED');
    expect((await open(id, { kind: 'audit' })).json.code).toBe('NOT_APPROVED');
  });

  it('opens no order of another company', async () => {
    const id = await desk.approved(token, { kinds: ['orders'] }, key);
    expect((await read(id, other.supplyOrderId)).status).toBe(404);
  });

  it('is for the person who asked alone', async () => {
    const id = await desk.approved(token, { records: [orderId] }, key);
    const colleague = await (await desk.person('support')).signIn();
    expect((await read(id, orderId, colleague)).status).toBe(404);
    expect((await desk.call(colleague, 'GET', `/v1/support/requests/${id}`)).status).toBe(404);
  });

  it('tells the merchant of whoever wanted more than was approved', async () => {
    const id = await desk.approved(token, { records: [orderId] }, key);
    const colleague = await desk.person('support');
    const theirs = await colleague.signIn();
    const refusals = async () => (await entriesOf(id)).filter(({ action }) => action === 'access.refused');
    expect((await read(id, `ord_${'0'.repeat(26)}`)).status).toBe(403);
    expect((await open(id, { kind: 'orders' })).status).toBe(403);
    const [first] = await refusals();
    expect(first).toMatchObject({
      ...{ actor: { type: 'staff', id: supporter.id }, result: 'refused' },
      facts: { code: 'NOT_APPROVED', supportRequestId: id },
    });
    expect((await read(id, orderId, theirs)).status).toBe(404);
    // One entry each, or two of them where the ten minutes of one were over in between.
    const who = new Set((await refusals()).map(({ actor }) => actor.id));
    expect(who).toEqual(new Set([supporter.id, colleague.id]));
  });

  it('has the log say all that was asked and approved, whole kinds and actions too', async () => {
    const asked: Partial<Reach> = { kinds: ['audit', 'orders'], actions: ['order.archive'] };
    const { id, digest } = await desk.ask(token, asked, key);
    await decide(id, 'approve', { digest, reach: { kinds: ['orders'], actions: [] } });
    const facts = (await entriesOf(id)).map((entry) => entry.facts);
    expect(facts).toEqual([
      { purpose: 'order_stuck', minutes: 60, orders: 0, kinds: 'orders+audit', actions: 'order.archive' },
      { minutes: 60, orders: 0, kinds: 'orders' },
      { minutes: 60, orders: 0, kinds: 'orders' },
    ]);
  });

  it('shows a kind as a list, each page with an entry in the log', async () => {
    const id = await desk.approved(token, { kinds: ['orders', 'audit'] }, key);
    const orders = (await key.open((await open(id, { kind: 'orders', limit: 1 })).json.jwe)) as {
      data: { id: string; shipTo?: unknown }[];
      next: string;
    };
    expect(orders.data).toHaveLength(1);
    expect(orders.data[0]).not.toHaveProperty('shipTo');
    const next = (await open(id, { kind: 'orders', limit: 1, after: orders.next })).json.jwe;
    expect(((await key.open(next)) as typeof orders).data[0]?.id).not.toBe(orders.data[0]?.id);
    const log = (await key.open((await open(id, { kind: 'audit', limit: 5 })).json.jwe)) as typeof orders;
    expect(log.data).toHaveLength(5);
    expect((await desk.logOf(id)).filter((line) => line === 'support.listed done')).toHaveLength(3);
  });

  it('names a cursor that is none, and tells the merchant of no page', async () => {
    const id = await desk.approved(token, { kinds: ['orders', 'audit'] }, key);
    for (const kind of ['orders', 'audit']) {
      const answer = await open(id, { kind, after: 'not a cursor' });
      expect([answer.status, answer.json.errors[0]?.path]).toEqual([400, 'after']);
    }
    expect(await desk.logOf(id)).not.toContain('support.listed done');
  });

  it('does the named actions, and only those that were approved', async () => {
    const act = (id: string, action: string) =>
      desk.call(token, 'POST', `/v1/support/requests/${id}/actions`, { action, order: orderId });
    const reading = await desk.approved(token, { records: [orderId] }, key);
    expect((await act(reading, 'order.retry')).json.code).toBe('NOT_APPROVED');
    const id = await desk.approved(token, { records: [orderId], actions: ['order.retry'] }, key);
    expect((await act(id, 'order.archive')).json.code).toBe('NOT_APPROVED');
    expect((await act(id, 'order.erase')).status).toBe(400);
    // The order is not held: the action says so by its code, and the attempt is in the log.
    expect((await act(id, 'order.retry')).json.code).toBe('ORDER_NOT_HELD');
    expect((await desk.logOf(id)).slice(-2)).toEqual(['order.managed intended', 'order.managed refused']);
    await desk.db
      .doc(paths.order(desk.companyId, orderId))
      .update({ routing: 'held', held: { code: 'ROUTING_FAILED', at: new Date().toISOString() } });
    const done = await act(id, 'order.retry');
    expect([done.status, done.json]).toEqual([200, { code: 'DONE', order: orderId }]);
    expect((await desk.logOf(id)).slice(-2)).toEqual(['order.managed intended', 'order.managed done']);
    expect(await desk.logOf(supporter.id)).toContain('order.retried done');
  });

  it('reaches no further than the merchant narrowed it to', async () => {
    const { id, digest } = await desk.ask(token, { kinds: ['orders'], actions: ['order.retry'] }, key);
    const narrowed = { kinds: [], records: [orderId], actions: [], minutes: 5 };
    const approval = await decide(id, 'approve', { digest, reach: narrowed });
    expect(approval.json.approved.reach).toEqual(narrowed);
    expect((await open(id, { kind: 'orders' })).json.code).toBe('NOT_APPROVED');
    expect((await read(id)).status).toBe(200);
  });

  it('can not be widened', async () => {
    const { id, digest } = await desk.ask(token, { records: [orderId] }, key);
    const wider = [
      { minutes: 61 },
      { kinds: ['orders'] },
      { kinds: ['audit'] },
      { actions: ['order.retry'] },
    ];
    for (const reach of wider) {
      expect((await decide(id, 'approve', { digest, reach })).status).toBe(400);
    }
    expect((await read(id)).json.code).toBe('NOT_APPROVED');
  });

  it('is only for what the merchant was shown: a request whose key was changed is not approved', async () => {
    const { id, digest } = await desk.ask(token, { records: [orderId] }, key);
    const { publicKey } = await browserKey();
    await desk.db.doc(paths.supportRequest(desk.companyId, id)).update({ publicKey });
    const answer = await decide(id, 'approve', { digest });
    expect([answer.status, answer.json.errors[0]?.path]).toEqual([400, 'digest']);
  });
});

describe('who decides', () => {
  it.each([['member'], ['read_only']] as const)('a member with the role %s does not', async (role) => {
    const { id, digest } = await desk.ask(token, { records: [orderId] }, key);
    const session = await desk.member(role);
    const answer = await desk.call(session, 'POST', `/v1/approvals/${id}/approve`, { digest });
    expect([answer.status, answer.json.code]).toEqual([403, 'FORBIDDEN']);
  });

  it('an API key does not', async () => {
    const { id, digest } = await desk.ask(token, { records: [orderId] }, key);
    const answer = await desk.market.retailer.call('POST', `/v1/approvals/${id}/approve`, {
      body: { digest },
    });
    expect(answer.status).toBe(403);
  });

  it('no other company does, nor sees the request', async () => {
    const { id, digest } = await desk.ask(token, { records: [orderId] }, key);
    const { companyId } = desk.market.supplier;
    const other = await desk.member('owner', companyId);
    expect((await desk.call(other, 'POST', `/v1/approvals/${id}/approve`, { digest })).status).toBe(404);
    expect((await desk.call(other, 'GET', '/v1/approvals')).json).toEqual({ data: [], next: null });
  });

  it('once: a second approval and a late denial are refused', async () => {
    const { id, digest } = await desk.ask(token, { records: [orderId] }, key);
    expect((await decide(id, 'approve', { digest })).status).toBe(200);
    expect((await decide(id, 'approve', { digest })).status).toBe(409);
    expect((await decide(id, 'deny')).status).toBe(409);
  });
});

describe('the end', () => {
  it('comes at once when the merchant revokes', async () => {
    const id = await desk.approved(token, { records: [orderId] }, key);
    expect((await read(id)).status).toBe(200);
    expect((await decide(id, 'revoke')).json.state).toBe('revoked');
    expect((await read(id)).json.code).toBe('NOT_APPROVED');
    // What stands in (default) does not bring it back.
    await desk.db.doc(paths.supportRequest(desk.companyId, id)).update({ state: 'approved' });
    expect((await read(id)).json.code).toBe('NOT_APPROVED');
    const decided = (await desk.logOf(id)).filter((line) => line.startsWith('support.'));
    expect(decided.slice(-2)).toEqual(['support.revoked intended', 'support.revoked done']);
  });

  it('comes when the person is done, in the keyring too', async () => {
    const id = await desk.approved(token, { records: [orderId] }, key);
    const ended = await desk.call(token, 'POST', `/v1/support/requests/${id}/end`);
    expect([ended.status, ended.json.state]).toEqual([200, 'ended']);
    await desk.db.doc(paths.supportRequest(desk.companyId, id)).update({ state: 'approved' });
    expect((await read(id)).json.code).toBe('NOT_APPROVED');
    expect(await desk.logOf(id)).toContain('support.ended done');
  });

  it('of an approval that was cut off is a revocation like any other, and it can not be finished after', async () => {
    const { id, digest } = await desk.ask(token, { records: [orderId] }, key);
    const reach = { records: [orderId], kinds: [], actions: [], minutes: 60 };
    const approved = { reach, by: `mem_${'0'.repeat(26)}`, at: new Date().toISOString() };
    const endsAt = new Date(Date.now() + DAY).toISOString();
    await desk.db
      .doc(paths.supportRequest(desk.companyId, id))
      .update({ state: 'approved', approved, endsAt });
    expect((await decide(id, 'revoke')).status).toBe(200);
    expect((await decide(id, 'approve', { digest })).status).toBe(409);
    expect((await read(id)).json.code).toBe('NOT_APPROVED');
  });

  it('of a cut-off approval may be another approval, which finishes it', async () => {
    const { id, digest } = await desk.ask(token, { records: [orderId] }, key);
    expect((await decide(id, 'approve', { digest })).status).toBe(200);
    // As if the instance had died between the two databases.
    await desk.keyring.doc(`grants/${id}`).delete();
    expect((await read(id)).json.code).toBe('NOT_APPROVED');
    expect((await decide(id, 'approve', { digest })).status).toBe(200);
    expect((await read(id)).status).toBe(200);
  });

  // The hours and days of the next two are the same.
  let expiring: string;
  let undecided: { id: string; digest: string };

  it('comes by the clock, which starts with the approval', async () => {
    expiring = await desk.approved(token, { records: [orderId], minutes: 5 }, key);
    undecided = await desk.ask(token, { records: [orderId] }, key);
    const { id, digest } = await desk.ask(token, { records: [orderId], minutes: 480 }, key);
    await desk.market.cloud.clock.advance(9 * HOUR);
    await decide(id, 'approve', { digest });
    await desk.market.cloud.clock.advance(8 * HOUR - MINUTE);
    expect((await read(id, orderId, await supporter.signIn())).status).toBe(200);
    await desk.market.cloud.clock.advance(MINUTE);
    const late = await supporter.signIn();
    expect((await read(id, orderId, late)).json.code).toBe('NOT_APPROVED');
    // Also for whoever makes the desk believe that there is time left.
    await desk.db
      .doc(paths.supportRequest(desk.companyId, id))
      .update({ endsAt: new Date(desk.market.cloud.clock.now() + DAY).toISOString(), state: 'approved' });
    expect((await read(id, orderId, late)).json.code).toBe('NOT_APPROVED');
  });

  it('of what ran out is in the merchant’s log, undecided requests after 14 days too', async () => {
    const { id, digest } = undecided;
    expect((await desk.logOf(expiring)).at(-1)).toBe('support.ended done');
    expect(await desk.logOf(id)).toEqual(['support.requested done']);
    await desk.market.cloud.clock.advance(14 * DAY);
    expect((await desk.logOf(id)).at(-1)).toBe('support.ended done');
    expect((await decide(id, 'approve', { digest })).status).toBe(409);
    token = await supporter.signIn();
  });
});

describe('asking', () => {
  it('needs a company that there is, a point of the curve and something to ask for', async () => {
    const nobody = question(`cmp_${'0'.repeat(26)}`, { records: [orderId] }, key.publicKey);
    expect((await desk.call(token, 'POST', '/v1/support/requests', nobody)).status).toBe(404);
    const off = { ...key.publicKey, x: key.publicKey.y };
    const bodies = [
      question(desk.companyId, { records: [orderId] }, off),
      question(desk.companyId, {}, key.publicKey),
      question(desk.companyId, { records: [orderId], minutes: 481 }, key.publicKey),
      { ...question(desk.companyId, { records: [orderId] }, key.publicKey), purpose: 'because' },
      { ...question(desk.companyId, { records: [orderId] }, key.publicKey), ticket: 'Jane called' },
    ];
    for (const body of bodies) {
      expect((await desk.call(token, 'POST', '/v1/support/requests', body)).status).toBe(400);
    }
  });

  it('shows each side its requests, page by page', async () => {
    const { id } = await desk.ask(token, { records: [orderId] }, key);
    const mine = await desk.call(token, 'GET', '/v1/support/requests?limit=1');
    expect(mine.json.data[0]?.id).toBe(id);
    const more = await desk.call(token, 'GET', `/v1/support/requests?limit=1&after=${mine.json.next ?? ''}`);
    expect(more.json.data[0]?.id).not.toBe(id);
    const theirs = await desk.call(await desk.member('read_only'), 'GET', '/v1/approvals?limit=1');
    expect(theirs.json.data[0]).toEqual(mine.json.data[0]);
  });
});

describe('the desk itself', () => {
  /** Neither a read nor a write passes the door of the desk. */
  async function isOut(database: DatabaseId, path: string): Promise<void> {
    const { projectId, doors } = desk.market.cloud;
    const name = `projects/${projectId}/databases/${database}`;
    const read = { database: name, documents: [`${name}/documents/${path}`] };
    const reading = rawCall(doors.support.cloudEndpoint, [FIRESTORE, 'BatchGetDocuments'], read);
    await expect(reading, path).rejects.toMatchObject({ code: 7 });
    const db = openFirestore(readConfig(desk.market.cloud.envOf('support')), database);
    await expect(db.doc(path).set({}), path).rejects.toMatchObject({ code: 7 });
    await db.terminate();
  }

  it('can neither read nor write a grant', async () => {
    const { id } = await desk.ask(token, { records: [orderId] }, key);
    await isOut('keyring', `grants/${id}`);
  });

  it('can forge no session, key or member of a merchant, nor read one', async () => {
    const company = `companies/${desk.companyId}`;
    for (const path of ['sessions/0', 'apiKeyRefs/0', `${company}/members/mem_0`, company]) {
      await isOut('(default)', path);
    }
  });
});
