import { type Limit, type Throttle, tooMany } from './throttle.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Where a request comes from, and its id for the log. */
export interface Origin {
  /** An address on the network, for throttling alone. */
  address: string;
  requestId: string;
}

/**
 * Before anything is looked up. One source may try one account ten times in a quarter of an hour. When many sources
 * try it, it is not locked: sources from which somebody signed in to it go on as ever, the rest take turns.
 * Answers whether a refusal is still to be logged, so that nobody floods a merchant's log.
 */
export async function admitSignIn(
  throttle: Throttle,
  account: string,
  { address }: Origin,
): Promise<{ logRefusal: boolean }> {
  const source = await throttle.source(address);
  const quarter = 15 * MINUTE_MS;
  const exceeded = await throttle.count([
    { name: 'sign_in_source', per: [source], most: 60, windowMs: quarter },
    { name: 'sign_in_source_account', per: [source, account], most: 10, windowMs: quarter },
    { name: 'sign_in_account', per: [account], most: 30, windowMs: quarter },
    { name: 'sign_in_log', per: [account], most: 20, windowMs: HOUR_MS },
  ]);
  const hard = exceeded.filter(({ name }) => name.startsWith('sign_in_source'));
  if (hard.length > 0) throw tooMany(hard);
  const names = exceeded.map(({ name }) => name);
  if (names.includes('sign_in_account') && !(await throttle.isFamiliar(account, address))) {
    await throttle.require([{ name: 'sign_in_turn', per: [account], most: 1, windowMs: 10_000 }]);
  }
  return { logRefusal: !names.includes('sign_in_log') };
}

/**
 * For whatever sends a letter to an address that anybody can name. Beyond three letters an hour to one address none is
 * sent and the answer stays the same: those that were sent still lead where they say.
 */
export async function admitLetter(
  throttle: Throttle,
  kind: 'sign_up' | 'reset' | 'recovery',
  account: string,
  { address }: Origin,
): Promise<{ send: boolean }> {
  const source = await throttle.source(address);
  const exceeded = await throttle.count([
    { name: `${kind}_source`, per: [source], most: 20, windowMs: HOUR_MS },
    { name: `${kind}_letter`, per: [account], most: 3, windowMs: HOUR_MS },
  ]);
  const hard = exceeded.filter(({ name }) => name === `${kind}_source`);
  if (hard.length > 0) throw tooMany(hard);
  return { send: exceeded.length === 0 };
}

/** For tokens out of letters, which can not be guessed: this bounds the work. */
export async function admitLink(throttle: Throttle, { address }: Origin): Promise<void> {
  await throttle.require([
    { name: 'link_source', per: [await throttle.source(address)], most: 60, windowMs: 15 * MINUTE_MS },
  ]);
}

/** A stolen session is no way to try passwords. */
export async function admitPasswordCheck(throttle: Throttle, memberId: string): Promise<void> {
  await throttle.require([{ name: 'password_member', per: [memberId], most: 10, windowMs: 15 * MINUTE_MS }]);
}

/** What whoever reads a member's mail may try of a recovery, be it at its password or at whether the time has come. */
export async function admitRecovery(throttle: Throttle, memberId: string): Promise<void> {
  await throttle.require([{ name: 'recovery_member', per: [memberId], most: 10, windowMs: 15 * MINUTE_MS }]);
}

/** Each start writes to every owner: one that was stopped does not begin again all day. */
export async function admitRecoveryStart(throttle: Throttle, memberId: string): Promise<void> {
  await throttle.require([{ name: 'recovery_start', per: [memberId], most: 3, windowMs: DAY_MS }]);
}

/** Letters that a company sends to addresses of its choice. */
export async function admitInvitation(throttle: Throttle, companyId: string, account: string): Promise<void> {
  const limits: Limit[] = [
    { name: 'invite_company', per: [companyId], most: 100, windowMs: DAY_MS },
    { name: 'invite_letter', per: [companyId, account], most: 5, windowMs: DAY_MS },
  ];
  await throttle.require(limits);
}
