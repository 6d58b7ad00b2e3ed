import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FUNCTIONS } from '../../local/topology.ts';
import { orderHash } from '../../shared/orders/erasure.ts';
import { testCloud } from '../support/cloud.ts';
import { eventually, startMarket } from '../support/market.ts';
import { billingWay } from './billing-way.ts';
import { Canaries } from './canary.ts';
import { filesBelow } from './export-files.ts';
import { Finder, type Piece } from './finder.ts';
import { journey } from './journey.ts';
import { collectMessages } from './messages.ts';
import { shopifyOrder } from './plant.ts';
import { peopleWay } from './people-way.ts';
import { shopsWay, startStore } from './shops-way.ts';
import { refusedCalls, refusedDeliveries, refusedPushes } from './refusals.ts';
import { Wire } from './wire.ts';

const canaries = new Canaries();
const wire = new Wire(canaries);
const folders: string[] = [];

/** Everywhere that something could be kept or told, with what is known to be there: if that is not found, nothing is. */
const PLACES = [
  '(default), before erasing',
  'keyring, before erasing',
  'staff, before erasing',
  '(default), in the end',
  'keyring, in the end',
  'staff, in the end',
  'messages',
  'lines',
  'answers',
  'data folder',
  'calls of a shop',
] as const;
let all: Finder | undefined;
const pieces = new Map<string, Piece[]>();
const known = new Map<string, string[]>();
/** How often each merchant's log says that an order was opened. */
let openings = 0;
/** The same for what was opened to be sent to a shop. */
let sent = 0;
/** Merchants' people, in the end: of each a sealed `email` is stored, and of no consumer. */
let members = 0;

// Every function in a process of its own: a machine at half the speed takes two minutes.
beforeAll(walk, 400_000);

afterAll(() => Promise.all(folders.map((each) => rm(each, { recursive: true, force: true }))));

describe('emails, passwords, phones, IP addresses, free text, and the six fields', () => {
  it('are many, and each of them is of its own', () => {
    expect(canaries.banned.length).toBeGreaterThan(1500);
    expect(canaries.sealed.length).toBeGreaterThan(150);
  });

  it.each(PLACES)('are nowhere in: %s', (place) => {
    const there = pieces.get(place) ?? [];
    const control = (known.get(place) ?? []).map((needle) => ({ name: needle, needles: [needle] }));
    const seen = new Set(new Finder(control).find(there).map((line) => line.split(',')[0]));
    expect(seen).toEqual(new Set(known.get(place)));
    expect(everything().find(there)).toEqual([]);
  });

  it('leave no country either, which is too short to be of its own', () => {
    const country = new Finder([{ name: 'country', needles: ['"country":"DE"'] }]);
    for (const place of PLACES) expect(country.find(pieces.get(place) ?? [])).toEqual([]);
    expect(country.find(wire.opened)).not.toEqual([]);
  });

  it('are not even named in what is stored: no field of either database is one of the six', () => {
    const six = ['firstName', 'lastName', 'streetAddress', 'postalCode', 'region', 'country'];
    for (const place of PLACES.slice(0, 6)) {
      const text = (pieces.get(place) ?? []).map(({ bytes }) => bytes.toString('latin1')).join();
      expect([...six, 'city', 'phone'].filter((name) => text.includes(name))).toEqual([]);
      // The address of a merchant's member is a sealed field of its document alone, and is looked up by a hash.
      const named = text.match(/email(?!Hash|Refs)/g) ?? [];
      const ofMembers = [...text.matchAll(/members"\x1e(mem_\w{26})[^]{2,10}\x05email /g)];
      expect(ofMembers.length).toBe(named.length);
      const whose = new Set(ofMembers.map(([, id]) => id));
      expect(whose.size).toBe(place.startsWith('(default)') ? members : 0);
      expect(text).toContain('createdAt');
    }
    expect(members).toBe(3);
  });
});

describe('the single read', () => {
  it('shows the six fields, unknown titles and tracking, and nothing else about the consumer', () => {
    expect(new Finder(canaries.banned).find(wire.opened)).toEqual([]);
    const shown = new Set(new Finder(canaries.sealed).find(wire.opened).map((line) => line.split(',')[0]));
    const kept = ['first name', 'last name', 'street', 'second line', 'town', 'postal code', 'region'];
    for (const way of ['A', 'A updated', 'B', 'B updated', 'C', 'C moved', 'D', 'E', 'G', 'H']) {
      for (const part of kept) expect(shown).toContain(`${way} ${part}`);
    }
    for (const name of ['A title 3', 'tracking number 2', 'tracking URL corrected'])
      expect(shown).toContain(name);
  });

  it('is in the log each time, and the log says nothing of what was read', () => {
    const withAddress = wire.opened.filter(({ order }) => order.json.shipTo !== null);
    expect(withAddress.length).toBeGreaterThan(15);
    for (const { order } of withAddress) expect(order.headers.get('audit-entry')).toMatch(/^aud_/);
    expect(openings).toBe(withAddress.length);
    // Refused once, and then sent.
    expect(sent).toBe(2);
  });
});

/** Made once: it has some 200 000 things to look for. */
function everything(): Finder {
  return (all ??= new Finder([...canaries.banned, ...canaries.sealed]));
}

/** Orders are sent, updated, routed, shipped, cancelled, declined, made to fail, held, retried, archived, erased. */
async function walk(): Promise<void> {
  const dataDir = await folder();
  const store = await startStore();
  const standIns = `api.bigcommerce.com=${store.port}`;
  // Letters go to whom they are for: they are kept apart from what is looked through.
  const mailDir = join(await folder(), 'mail');
  const cloud = await testCloud({ apart: FUNCTIONS, dataDir, mailDir, standIns, asleep: [] });
  const stops: (() => Promise<unknown>)[] = [() => store.close(), () => cloud.stop()];
  const exported = async (
    when: 'before erasing' | 'in the end',
    known: { default: string[]; keyring: string[] },
  ): Promise<void> => {
    const into = join(await folder(), 'export');
    await cloud.exportTo(into);
    const all = filesBelow(into);
    const of = (database: string): Piece[] => all.filter(({ place }) => place.includes(`${database}/`));
    keep(`(default), ${when}`, of('default'), known.default);
    keep(`keyring, ${when}`, of('keyring'), known.keyring);
    keep(`staff, ${when}`, of('staff'), ['desk-01']);
  };
  try {
    const messages = await collectMessages(cloud.projectId, cloud.emulators.pubsub.address);
    stops.push(() => messages.close());
    const market = await startMarket(cloud);
    const { retailer, supplier } = market;
    const { deliver, opensOnBothSides, ...ways } = journey(market, wire, canaries);

    let ended: Awaited<ReturnType<typeof endedWays>> | undefined;
    const endedWays = async () => ({
      erased: await ways.shopifyWay(),
      cancelled: await ways.standardWay(),
      api: await ways.apiWay(),
    });
    const held = await ways.deadLetterWay(async () => {
      await refusedDeliveries(market, wire, canaries);
      await refusedCalls(market, wire, canaries);
      await refusedPushes(market, wire, canaries);
      await ways.emptyWay();
      await shopsWay({ market, store, wire, c: canaries }, opensOnBothSides);
      ended = await endedWays();
    });
    const { erased, cancelled, api } = ended ?? expect.fail();
    const lost = await ways.lostWay();
    await peopleWay(cloud, wire, canaries);
    await billingWay(market, wire, canaries);
    members = (await market.seed.db.collectionGroup('members').count().get()).data().count;
    await exported('before erasing', {
      default: [erased.orderId, '#WAY-A', '#WAY-B', '#WAY-C', '#WAY-D', '#WAY-E', '#WAY-F'],
      keyring: [erased.orderId, erased.supplyId, held.orderId],
    });

    await ways.erase(erased.orderId);
    const { payload } = shopifyOrder(canaries, 'A after erasing');
    const again = market.order({ ...payload, name: '#WAY-A', id: erased.externalId });
    expect(await deliver(again, 'orders/updated')).toBe(200);
    expect((await wire.open(supplier, erased.supplyId)).json.shipTo).toBeNull();
    for (const merchant of [retailer, supplier]) {
      for (const list of ['orders', 'erasures', 'audit']) {
        await wire.call(merchant, 'GET', `/v1/${list}?limit=100`);
      }
      const path = '/v1/audit?action=order.opened&limit=100';
      const { data } = (await wire.call<{ data: { actor: { type: string } }[] }>(merchant, 'GET', path)).json;
      const bySystem = data.filter(({ actor }) => actor.type === 'system').length;
      sent += bySystem;
      openings += data.length - bySystem;
    }
    await exported('in the end', {
      default: [erased.orderId, '#WAY-D', '#WAY-E', '#WAY-F'],
      keyring: [held.orderId, lost.supplyId],
    });
    keep('answers', wire.answers, ['#WAY-A', '#WAY-B', '#WAY-C', held.orderId, cancelled.supplyId]);
    // The subscriptions of our own may be behind those of the functions.
    const told = [held.orderId, erased.orderId, api.orderId, supplier.companyId];
    await eventually(() => {
      const topics = new Set(messages.all.map(({ topic }) => topic));
      expect(topics).toEqual(
        new Set(['orders', 'erasures', 'pulls', 'deliveries', 'orders-dead', 'stripe-events']),
      );
      expect(told.filter((id) => !messages.all.some(({ bytes }) => bytes.includes(id)))).toEqual([]);
    });
    keep('messages', messages.all, told);
    const calls = store.calls.map((call, at) => ({
      place: `call ${at + 1}`,
      bytes: Buffer.from(JSON.stringify({ ...call, query: String(call.query) })),
    }));
    keep('calls of a shop', calls, ['order_product_id', '1Z1234512345123456']);
    keep('data folder', [], [held.orderId, orderHash(erased.orderId), '#WAY-D', 'tenant-kek']);
  } finally {
    for (const stop of stops.reverse()) await stop();
  }
  // What the stand-in keeps is Stripe's own.
  const ours = filesBelow(dataDir).filter(({ place }) => !place.endsWith('stripe.json'));
  pieces.set('data folder', ours);
  const lines = cloud.lines.map((line, at) => ({ place: `line ${at + 1}`, bytes: Buffer.from(line) }));
  const failures = ['push.failed', 'push.garbage', 'publish.failed', 'request.failed'];
  keep('lines', lines, [
    'order.stored',
    'order.held',
    'webhook.refused',
    'stripe.event_ignored',
    ...failures,
  ]);
}

function keep(place: (typeof PLACES)[number], found: Piece[], control: string[]): void {
  pieces.set(place, found);
  known.set(place, control);
}

async function folder(): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'strongroom-canaries-'));
  folders.push(made);
  return made;
}
