import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectCompanies } from '../../local/seed.ts';
import { paths } from '../../shared/cloud/firestore.ts';
import { type Account, type People, startPeople } from '../accounts/people.ts';
import { codeOf, companies } from './trading-companies.ts';

let people: People;
let trade: ReturnType<typeof companies>;
let retailer: Account;
let supplier: Account;
let at: string;
let partnerId: string;
beforeAll(async () => {
  people = await startPeople();
  trade = companies(people);
  [retailer, supplier] = [await trade.company(), await trade.company()];
  partnerId = await connectCompanies(retailer.companyId, supplier.companyId, people.seed);
  at = `/v1/partners/${partnerId}`;
  const list = `${paths.company(supplier.companyId)}/priceLists/wholesale`;
  await people.seed.db.doc(list).create({ currency: 'USD' });
});
afterAll(() => people.cloud.stop());

const change = (by: Account, body: unknown) => trade.call(by, 'PATCH', at, body);
const accept = (by: Account, version: number) => trade.call(by, 'POST', `${at}/accept`, { version });
const terms = async (by: Account) => {
  const {
    terms: held,
    termsVersion,
    proposal,
  } = (await trade.call(by, 'GET', at)).json as Record<string, unknown>;
  return { held, termsVersion, proposal };
};

describe('terms', () => {
  it('are as they were until the other side says yes to the version that it read', async () => {
    const first = await terms(retailer);
    expect(first).toEqual({
      held: { priceListId: null, bill: false, shares: { stock: true } },
      ...{ termsVersion: 1, proposal: null },
    });
    const proposed = await change(supplier, { terms: { priceListId: 'wholesale', bill: true } });
    const wanted = { priceListId: 'wholesale', bill: true, shares: { stock: true } };
    expect(proposed.json).toMatchObject({ proposal: { version: 2, terms: wanted, by: 'us' } });
    expect(await terms(retailer)).toMatchObject({
      ...{ held: first.held, termsVersion: 1, proposal: { version: 2, terms: wanted, by: 'them' } },
    });
    expect(codeOf(await accept(supplier, 2))).toBe('CONFLICT');
    expect(codeOf(await accept(retailer, 1))).toBe('CONFLICT');
    expect(codeOf(await accept(retailer, 3))).toBe('CONFLICT');
    expect(codeOf(await accept(retailer, 2))).toBe('200');
    for (const side of [retailer, supplier]) {
      expect(await terms(side)).toEqual({ held: wanted, termsVersion: 2, proposal: null });
    }
    expect(codeOf(await accept(retailer, 2))).toBe('CONFLICT');
    for (const [side, by] of [
      [retailer, ['partner', 'member']],
      [supplier, ['member', 'partner']],
    ] as const) {
      const entries = (await trade.call(side, 'GET', `/v1/audit?record=${partnerId}`)).json as {
        data: { action: string; actor: { type: string }; facts: object }[];
      };
      const told = entries.data.map(({ action, actor, facts }) => [action, actor.type, facts]).reverse();
      const facts = { termsVersion: 2, bill: true, sharesStock: true };
      expect(told).toEqual([
        ['partner.terms_proposed', by[0], facts],
        ['partner.terms_accepted', by[1], facts],
      ]);
    }
  });

  it('that are proposed are replaced by others, declined or taken back, and no number comes twice', async () => {
    const versionOf = async (by: Account, wanted: object) =>
      ((await change(by, { terms: wanted })).json as { proposal: { version: number } }).proposal.version;
    const first = await versionOf(supplier, { bill: false });
    const counter = await versionOf(retailer, { bill: false, shares: { stock: false } });
    expect(counter).toBe(first + 1);
    expect(codeOf(await accept(retailer, first))).toBe('CONFLICT');
    const decline = (by: Account, version: number) => trade.call(by, 'POST', `${at}/decline`, { version });
    expect(codeOf(await decline(supplier, first))).toBe('CONFLICT');
    expect((await decline(supplier, counter)).status).toBe(204);
    expect(await terms(retailer)).toMatchObject({ proposal: null, termsVersion: 2 });
    const again = await versionOf(supplier, { bill: false });
    expect(again).toBe(counter + 1);
    expect((await decline(supplier, again)).status).toBe(204);
    const actions = (await trade.log(retailer.companyId)).slice(-4);
    expect(actions).toEqual([
      'partner.terms_proposed member',
      'partner.terms_declined partner',
      'partner.terms_proposed partner',
      'partner.terms_withdrawn partner',
    ]);
  });

  it('are accepted once by two who accept at once, and never in a mix', async () => {
    const answer = await change(supplier, { terms: { shares: { stock: false } } });
    const { version } = (answer.json as { proposal: { version: number } }).proposal;
    const [one, two, other] = await Promise.all([
      accept(retailer, version),
      accept(retailer, version),
      change(supplier, { terms: { bill: false } }),
    ]);
    expect(codeOf(other)).toBe('200');
    expect([one, two].filter(({ status }) => status === 200).length).toBeLessThan(2);
    const sides = [
      await trade.stored(retailer.companyId, partnerId),
      await trade.stored(supplier.companyId, partnerId),
    ];
    expect(sides[0]?.terms).toEqual(sides[1]?.terms);
    expect(sides[0]?.termsVersion).toBe(sides[1]?.termsVersion);
    expect(sides[0]?.proposal?.version).toBe(sides[1]?.proposal?.version);
  });

  it.each<[string, () => Account, object, string, string]>([
    [
      'a list that the supplier does not have',
      () => supplier,
      { priceListId: 'retail' },
      'BAD_REQUEST',
      'terms.priceListId',
    ],
    [
      'a list that a retailer names',
      () => retailer,
      { priceListId: 'other' },
      'BAD_REQUEST',
      'terms.priceListId',
    ],
    ['what holds already', () => retailer, { bill: true }, 'CONFLICT', ''],
    ['a field that is none', () => retailer, { discount: 5 }, 'BAD_REQUEST', 'terms.discount'],
    [
      'a share that is none',
      () => retailer,
      { shares: { members: true } },
      'BAD_REQUEST',
      'terms.shares.members',
    ],
  ])('are not proposed with %s', async (_what, by, wanted, code, path) => {
    await people.seed.db.doc(paths.partner(retailer.companyId, partnerId)).update({ 'terms.bill': true });
    const answer = await change(by(), { terms: wanted });
    expect(codeOf(answer)).toBe(code);
    const { errors } = answer.json as { errors: { path: string }[] };
    expect(errors.map((each) => each.path)).toEqual(path === '' ? [] : [path]);
  });
});

describe('settings of one side', () => {
  it('hold at once and are not the partner’s to see', async () => {
    expect((await change(retailer, { preference: 3 })).json).toMatchObject({ preference: 3 });
    expect(await trade.stored(supplier.companyId, partnerId)).toMatchObject({ preference: 100 });
    expect((await trade.call(supplier, 'GET', at)).json).toMatchObject({ preference: null });
    expect(codeOf(await change(supplier, { preference: 3 }))).toBe('BAD_REQUEST');
    expect(codeOf(await change(retailer, { preference: -1 }))).toBe('BAD_REQUEST');
    expect(codeOf(await change(retailer, {}))).toBe('BAD_REQUEST');
    const contact = { email: 'Desk@Supplier.Example', name: null };
    expect((await change(retailer, { contact })).json).toMatchObject({
      contact: { email: 'desk@supplier.example', name: null },
    });
    expect((await change(retailer, { contact: null })).json).toMatchObject({ contact: null });
    expect((await trade.log(supplier.companyId)).includes('partner.changed partner')).toBe(false);
  });

  it('are listed by state and by role, in pages', async () => {
    await trade.invited(retailer, people.address().email, { role: 'retailer' });
    await trade.invited(retailer, people.address().email);
    const list = async (query: string) => {
      const answer = await trade.call(retailer, 'GET', `/v1/partners?${query}`);
      return answer.json as { data: { id: string; role: string; state: string }[]; next: string | null };
    };
    expect((await list('state=invited')).data).toHaveLength(2);
    expect((await list('role=supplier&state=active')).data.map(({ id }) => id)).toEqual([partnerId]);
    const first = await list('limit=2');
    const rest = await list(`limit=2&after=${first.next}`);
    expect([first.data.length, rest.data.map(({ id }) => id), rest.next]).toEqual([2, [partnerId], null]);
  });
});
