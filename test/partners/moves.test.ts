import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { paths } from '../../shared/cloud/firestore.ts';
import { connectedSide, DEFAULT_TERMS, type StoredPartner } from '../../shared/domain/partner.ts';
import { randomId } from '../../shared/domain/ids.ts';
import { type Account, type People, startPeople } from '../accounts/people.ts';
import { codeOf, companies } from './trading-companies.ts';

let people: People;
let trade: ReturnType<typeof companies>;
let retailer: Account;
let supplier: Account;
let stranger: Account;
beforeAll(async () => {
  people = await startPeople();
  trade = companies(people);
  [retailer, supplier, stranger] = [await trade.company(), await trade.company(), await trade.company()];
});
afterAll(() => people.cloud.stop());

type Who = 'retailer' | 'supplier';
const accountOf = (who: Who): Account => (who === 'retailer' ? retailer : supplier);

/** The states that the two sides of a connection can be in, from the side of the retailer. */
const STATES = {
  invited: { retailer: { state: 'invited', companyId: null } },
  active: { retailer: {}, supplier: {} },
  'paused by the retailer': {
    retailer: { state: 'paused', pausedBy: 'us' },
    supplier: { state: 'paused', pausedBy: 'them' },
  },
  'paused by the supplier': {
    retailer: { state: 'paused', pausedBy: 'them' },
    supplier: { state: 'paused', pausedBy: 'us' },
  },
  'active, the supplier is closing': { retailer: { state: 'closing' }, supplier: {} },
  'paused by the retailer, the supplier is closing': {
    retailer: { state: 'paused', pausedBy: 'us' },
    supplier: { state: 'paused', pausedBy: 'them' },
  },
  ended: { retailer: { state: 'ended' }, supplier: { state: 'ended' } },
} as const satisfies Record<string, Partial<Record<Who, Partial<StoredPartner>>>>;
type State = keyof typeof STATES;

/** Each as a request. The supplier has proposed terms by version 2. */
const MOVES = {
  pause: ['POST', '/pause', undefined],
  resume: ['POST', '/resume', undefined],
  end: ['POST', '/end', undefined],
  propose: ['PATCH', '', { terms: { shares: { stock: false } } }],
  accept: ['POST', '/accept', { version: 2 }],
  decline: ['POST', '/decline', { version: 2 }],
} as const;
type Move = keyof typeof MOVES;

/** What each move becomes, by state: of the retailer, and of the supplier. */
const TABLE: Record<State, Record<Move, readonly [retailer: string, supplier: string]>> = {
  invited: {
    pause: ['CONFLICT', 'NOT_FOUND'],
    resume: ['CONFLICT', 'NOT_FOUND'],
    end: ['ended', 'NOT_FOUND'],
    propose: ['CONFLICT', 'NOT_FOUND'],
    accept: ['CONFLICT', 'NOT_FOUND'],
    decline: ['CONFLICT', 'NOT_FOUND'],
  },
  active: {
    pause: ['paused', 'paused'],
    resume: ['CONFLICT', 'CONFLICT'],
    end: ['ended', 'ended'],
    propose: ['active', 'active'],
    accept: ['active', 'CONFLICT'],
    decline: ['active', 'active'],
  },
  'paused by the retailer': {
    pause: ['CONFLICT', 'CONFLICT'],
    resume: ['active', 'CONFLICT'],
    end: ['ended', 'ended'],
    propose: ['paused', 'paused'],
    accept: ['paused', 'CONFLICT'],
    decline: ['paused', 'paused'],
  },
  'paused by the supplier': {
    pause: ['CONFLICT', 'CONFLICT'],
    resume: ['CONFLICT', 'active'],
    end: ['ended', 'ended'],
    propose: ['paused', 'paused'],
    accept: ['paused', 'CONFLICT'],
    decline: ['paused', 'paused'],
  },
  'active, the supplier is closing': {
    pause: ['PARTNER_CLOSING', 'PARTNER_CLOSING'],
    resume: ['CONFLICT', 'CONFLICT'],
    end: ['ended', 'ended'],
    propose: ['PARTNER_CLOSING', 'PARTNER_CLOSING'],
    accept: ['PARTNER_CLOSING', 'PARTNER_CLOSING'],
    decline: ['closing', 'active'],
  },
  'paused by the retailer, the supplier is closing': {
    pause: ['CONFLICT', 'CONFLICT'],
    resume: ['PARTNER_CLOSING', 'CONFLICT'],
    end: ['ended', 'ended'],
    propose: ['PARTNER_CLOSING', 'PARTNER_CLOSING'],
    accept: ['PARTNER_CLOSING', 'PARTNER_CLOSING'],
    decline: ['paused', 'paused'],
  },
  ended: {
    pause: ['CONFLICT', 'CONFLICT'],
    resume: ['CONFLICT', 'CONFLICT'],
    end: ['CONFLICT', 'CONFLICT'],
    propose: ['CONFLICT', 'CONFLICT'],
    accept: ['CONFLICT', 'CONFLICT'],
    decline: ['CONFLICT', 'CONFLICT'],
  },
};

/** A fresh connection in a state, written as the moves before would have left it. */
async function connectionIn(state: State): Promise<string> {
  const { db } = people.seed;
  const partnerId = randomId('partner');
  const at = '2026-11-23T09:00:00.000Z';
  const sides: Partial<Record<Who, Partial<StoredPartner>>> = STATES[state];
  const proposal = { version: 2, terms: { ...DEFAULT_TERMS, bill: true }, at };
  const open = state === 'ended' || state === 'invited' ? null : proposal;
  const batch = db.batch();
  const side = (
    own: Account,
    other: Account,
    role: Who,
    by: 'us' | 'them',
    change: Partial<StoredPartner>,
  ) => {
    const stored = { ...connectedSide(other.companyId, role, at), lastVersion: 2, ...change };
    batch.set(db.doc(paths.partner(own.companyId, partnerId)), {
      ...stored,
      proposal: open && { ...open, by },
    });
  };
  side(retailer, supplier, 'supplier', 'them', sides.retailer ?? {});
  if (sides.supplier) side(supplier, retailer, 'retailer', 'us', sides.supplier);
  const until = '2027-01-01T00:00:00.000Z';
  const closing = state.includes('is closing') ? { at, until, by: supplier.memberId } : null;
  batch.update(db.doc(paths.company(supplier.companyId)), { closing });
  await batch.commit();
  return partnerId;
}

const make = (who: Account, move: Move, partnerId: string) => {
  const [method, path, body] = MOVES[move];
  return trade.call(who, method, `/v1/partners/${partnerId}${path}`, body);
};

describe.each(Object.keys(TABLE) as State[])('a connection that is %s', (state) => {
  it.each((['retailer', 'supplier'] as const).map((who) => [who] as const))(
    'moves for the %s as the table says, and no other way',
    async (who) => {
      for (const move of Object.keys(MOVES) as Move[]) {
        const partnerId = await connectionIn(state);
        const before = await bothSides(partnerId);
        const answer = await make(accountOf(who), move, partnerId);
        const wanted = TABLE[state][move][who === 'retailer' ? 0 : 1];
        const after = await trade.stored(accountOf(who).companyId, partnerId);
        const got = answer.status < 300 ? after?.state : codeOf(answer);
        expect([move, got]).toEqual([move, wanted]);
        // What is refused changes nothing and is in no log.
        if (answer.status >= 300) expect(await bothSides(partnerId)).toEqual(before);
        expect(answer.headers.has('audit-entry')).toBe(answer.status < 300);
      }
    },
  );
});

describe('a move', () => {
  it('counts for both sides, is in both logs, and is nobody else’s', async () => {
    const partnerId = await connectionIn('active');
    for (const move of Object.keys(MOVES) as Move[]) {
      expect(codeOf(await make(stranger, move, partnerId))).toBe('NOT_FOUND');
    }
    await make(supplier, 'pause', partnerId);
    expect(await bothSides(partnerId)).toMatchObject([
      { state: 'paused', pausedBy: 'them' },
      { state: 'paused', pausedBy: 'us' },
    ]);
    await make(supplier, 'resume', partnerId);
    expect(await bothSides(partnerId)).toMatchObject([{ state: 'active' }, { state: 'active' }]);
    await make(retailer, 'end', partnerId);
    expect(await bothSides(partnerId)).toMatchObject([
      { state: 'ended', proposal: null },
      { state: 'ended', proposal: null },
    ]);
    const listed = (who: Account) => trade.call(who, 'GET', `/v1/audit?record=${partnerId}`);
    const actions = async (who: Account) =>
      (
        (await listed(who)).json as { data: { action: string; actor: { type: string; id: string } }[] }
      ).data.map(({ action, actor }) => [action, actor.type, actor.type === 'partner' ? actor.id : '']);
    expect(await actions(retailer)).toEqual([
      ['partner.ended', 'member', ''],
      ['partner.resumed', 'partner', partnerId],
      ['partner.paused', 'partner', partnerId],
    ]);
    expect((await actions(supplier)).map(([action, type]) => [action, type])).toEqual([
      ['partner.ended', 'partner'],
      ['partner.resumed', 'member'],
      ['partner.paused', 'member'],
    ]);
  });

  it('of both at once leaves both sides in one state', async () => {
    for (const moves of [
      ['pause', 'pause'],
      ['pause', 'end'],
      ['end', 'end'],
    ] as const) {
      const partnerId = await connectionIn('active');
      await Promise.all([make(retailer, moves[0], partnerId), make(supplier, moves[1], partnerId)]);
      const [own, other] = await bothSides(partnerId);
      expect(own?.state).toBe(other?.state);
      expect([own?.pausedBy, other?.pausedBy].sort()).not.toEqual(['us', 'us']);
    }
  });

  it('is of the version that If-Match names', async () => {
    const partnerId = await connectionIn('active');
    const at = `/v1/partners/${partnerId}`;
    const etag = (await trade.call(retailer, 'GET', at)).headers.get('etag') ?? '';
    const headers = { 'If-Match': etag };
    expect(codeOf(await trade.call(retailer, 'PATCH', at, { preference: 1 }, headers))).toBe('200');
    expect(codeOf(await trade.call(retailer, 'POST', `${at}/pause`, undefined, headers))).toBe(
      'PRECONDITION_FAILED',
    );
  });
});

function bothSides(partnerId: string): Promise<(StoredPartner | undefined)[]> {
  return Promise.all([retailer, supplier].map(({ companyId }) => trade.stored(companyId, partnerId)));
}
