import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ACTIONS, type Action } from '../../shared/audit/actions.ts';
import { type AuditEntry, leafHash } from '../../shared/audit/entry.ts';
import { eventually, type Market, type Merchant, startMarket } from '../support/market.ts';
import {
  act,
  call,
  changed,
  failing,
  lineOf,
  log,
  type Outcome,
  read,
  type SeenErasure,
  sent,
  trade,
} from './trading.ts';

let market: Market;
beforeAll(async () => {
  market = await startMarket();
});
afterEach(() => {
  market.cloud.doors.orders.setFault(null);
});
afterAll(() => market.cloud.stop());

type Shown = AuditEntry & { leaf: string };

/** A company's log, newest first, as the API shows it. */
async function entriesOf(who: Merchant): Promise<Shown[]> {
  const { json } = await call<{ data: Shown[] }>(who, 'GET', '/v1/audit?limit=100');
  return json.data;
}

describe('opening an order', () => {
  it('is in the log before it is answered, and shows nothing when it can not be logged', async () => {
    const { own, supply } = await trade(market);
    const openings = async (who: Merchant, id: string): Promise<number> =>
      (await log(who, id)).filter(({ action }) => action === 'order.opened').length;
    for (const [who, id] of [
      [market.retailer, own.id],
      [market.supplier, supply.id],
    ] as const) {
      const before = await openings(who, id);
      failing(
        market.cloud.doors.orders,
        ({ writes }) => writes?.some(({ path }) => path.includes('/audit/')) ?? false,
        4,
      );
      const refused = await who.call('GET', `/v1/orders/${id}`);
      expect([refused.status, (refused.json as { code: string }).code]).toEqual([503, 'UNAVAILABLE']);
      expect(refused.text).not.toMatch(/Sample|Shopper|40003/);
      market.cloud.doors.orders.setFault(null);
      expect(await openings(who, id)).toBe(before);

      let logged = false;
      let openedLate = true;
      const stop = market.cloud.doors.orders.observe((writes) => {
        logged ||= writes.some(({ path }) => path.includes('/audit/'));
      });
      // The key is only read once the entry is written.
      failing(market.cloud.doors.orders, ({ method, database }) => {
        if (method === 'BatchGetDocuments' && database === 'keyring') openedLate = logged;
        return false;
      });
      await read(who, id);
      stop();
      expect([logged, openedLate]).toEqual([true, true]);
      expect(await openings(who, id)).toBe(before + 1);
    }
  });

  it('by a partner is in the partner’s log alone, and listing leaves no entry', async () => {
    const { own, supply } = await trade(market);
    const before = await entriesOf(market.retailer);
    const opened = await call(market.supplier, 'GET', `/v1/orders/${supply.id}`);
    await call(market.retailer, 'GET', '/v1/orders');
    expect(await entriesOf(market.retailer)).toEqual(before);
    const entry = (await entriesOf(market.supplier))[0];
    expect(entry).toMatchObject({ action: 'order.opened', record: { type: 'order', id: supply.id } });
    expect(opened.auditEntry?.startsWith(`${entry?.id ?? ''};`)).toBe(true);
    expect(JSON.stringify(before)).not.toContain(own.code);
  });
});

describe('the answer to an action', () => {
  it('names its entry by id and leaf, which anyone can compute again from the log', async () => {
    const { own, supply } = await trade(market);
    const green = { lines: [{ lineId: lineOf(supply, 'IPOD2008GREEN'), quantity: 1 }] };
    const { retailer, supplier } = market;
    const answers: [Merchant, Action, Outcome<unknown>][] = [
      [retailer, 'order.opened', await call(retailer, 'GET', `/v1/orders/${own.id}`)],
      [
        retailer,
        'order.address_changed',
        await call(retailer, 'PATCH', `/v1/orders/${own.id}`, { shipTo: own.shipTo }),
      ],
      [supplier, 'order.fulfilled', await act(supplier, supply.id, 'fulfilments', green)],
      [supplier, 'order.returned', await act(supplier, supply.id, 'returns', green)],
      [supplier, 'order.declined', await act(supplier, supply.id, 'decline')],
      [retailer, 'order.cancelled', await act(retailer, own.id, 'cancel')],
      [retailer, 'order.archived', await act(retailer, own.id, 'archive')],
      [retailer, 'order.erasing', await call<SeenErasure>(retailer, 'DELETE', `/v1/orders/${own.id}`)],
    ];
    for (const [who, action, answer] of answers) {
      expect(answer.status, action).toBeLessThan(300);
      const [, id, leaf] = /^(aud_\w{26}); leaf=([\w-]{43})$/.exec(answer.auditEntry ?? '') ?? [];
      const found = (await entriesOf(who)).find((entry) => entry.id === id);
      expect(found?.action).toBe(action);
      const { leaf: shown, ...entry } = found ?? ({} as Shown);
      expect([shown, leafHash(entry)]).toEqual([leaf, leaf]);
    }
  });

  it('names no entry when nothing was done', async () => {
    const { own } = await trade(market);
    expect((await act(market.retailer, own.id, 'archive')).auditEntry).toBeNull();
    expect((await act(market.retailer, own.id, 'retry')).auditEntry).toBeNull();
  });
});

describe('the log of both sides', () => {
  it('holds each action once, on each side that it touches, with who did it', async () => {
    const { payload, own, supply } = await trade(market);
    const { retailer, supplier } = market;
    const one = { lines: [{ lineId: lineOf(supply, 'IPOD2008GREEN'), quantity: 1 }] };
    const address = { ...(payload['shipping_address'] as object), address1: '77 Other Street' };
    await sent(market, changed(payload, { shipping_address: address }), 'orders/updated');
    const shipped = await act<{ id: string }>(supplier, supply.id, 'fulfilments', one);
    await call(supplier, 'PATCH', `/v1/orders/${supply.id}/fulfilments/${shipped.json.id}`, { carrier: 'x' });
    await act(supplier, supply.id, 'returns', one);
    await act(supplier, supply.id, 'decline');
    await act(retailer, own.id, 'cancel');
    await act(supplier, supply.id, 'archive');
    await act(retailer, own.id, 'archive');
    const { json } = await call<SeenErasure>(retailer, 'DELETE', `/v1/orders/${own.id}`);
    await eventually(async () => {
      const { state } = (await call<SeenErasure>(retailer, 'GET', `/v1/erasures/${json.id}`)).json;
      expect(state).toBe('destroyed');
    });

    const shopify = { type: 'platform', id: market.demo.connections.shopify.id };
    const system = { type: 'system', id: null };
    const partner = { type: 'partner', id: market.demo.partnerId };
    const key = { type: 'api_key', id: expect.stringMatching(/^key_/) as string };
    const seen = async (who: Merchant, id: string) =>
      (await log(who, id))
        .filter(({ action }) => action !== 'order.opened')
        .map(({ action, actor, result }): [Action, unknown, string] => [action, actor, result])
        // One event can leave two entries at the same moment.
        .sort(([a], [b]) => a.localeCompare(b));
    const sorted = (...entries: [Action, unknown, string][]) =>
      entries.sort(([a], [b]) => a.localeCompare(b));
    expect(await seen(retailer, own.id)).toEqual(
      sorted(
        ['order.received', shopify, 'done'],
        ['order.routed', system, 'done'],
        ['order.address_changed', shopify, 'done'],
        ['order.updated', shopify, 'done'],
        ['order.fulfilled', partner, 'done'],
        ['order.fulfilment_changed', partner, 'done'],
        ['order.returned', partner, 'done'],
        ['order.declined', partner, 'done'],
        ['order.cancelled', key, 'done'],
        ['order.archived', key, 'done'],
        ['order.erasing', key, 'intended'],
        ['order.erased', system, 'done'],
      ),
    );
    expect(await seen(supplier, supply.id)).toEqual(
      sorted(
        ['order.supply_received', system, 'done'],
        ['order.address_changed', partner, 'done'],
        ['order.fulfilled', key, 'done'],
        ['order.fulfilment_changed', key, 'done'],
        ['order.returned', key, 'done'],
        ['order.declined', key, 'done'],
        ['order.archived', key, 'done'],
        ['order.erased_by_owner', system, 'done'],
      ),
    );
    const all = [...(await entriesOf(retailer)), ...(await entriesOf(supplier))];
    expect(all.every(({ action }) => ACTIONS.includes(action))).toBe(true);
    // Nothing of the consumer and nothing of the shop.
    expect(JSON.stringify(all)).not.toMatch(/Sample|Shopper|Street|40003|Kentucky|#\d/);
  });
});
