import type { Cloud } from '../../local/cloud.ts';
import type { LogEntry } from '../../local/door/log-entries.ts';
import type { DocumentRead } from '../../local/door/reads.ts';
import type { Commit, DocumentWrite } from '../../local/door/writes.ts';
import { type Role, ROLES } from '../../local/roles.ts';
import { FUNCTIONS, type FunctionName } from '../../local/topology.ts';
import { Trades } from './trades.ts';

/**
 * Where something lies that is sealed, and in which fields. `sealed` holds what we have of a consumer, each under the key
 * of its order; the others hold contacts and secrets of a merchant's own, under its company's key.
 */
const SEALED: Readonly<Record<string, readonly string[]>> = {
  sealed: ['shipTo', 'details'],
  connections: ['sealed'],
  endpoints: ['sealed'],
  invitations: ['email'],
  members: ['email', 'secondFactors'],
  partners: ['contact'],
};

/** Functions that can open: whoever else reads these has bytes. */
const OPENERS = FUNCTIONS.filter((name) => {
  const { keys }: Role = ROLES[name];
  return keys?.tenantKek?.includes('cloudkms.cryptoKeyDecrypter') === true;
});

/**
 * What is opened and is no action: a merchant's own contacts and secrets, where the platform works with them, or shows
 * them to that merchant. Whatever is not here is in its company's log before it is answered or sent.
 */
const NO_ACTION: readonly { by: readonly FunctionName[]; at: readonly string[]; why: string }[] = [
  { by: ['webhooks'], at: ['connections'], why: 'the secret that a shop signs with' },
  { by: ['pull', 'deliver'], at: ['connections'], why: 'the credentials by which a shop is asked and told' },
  { by: ['deliver'], at: ['endpoints'], why: 'where an event is sent, and what signs it' },
  {
    by: ['accounts'],
    at: ['connections', 'endpoints'],
    why: 'a merchant’s own change of them, with its entry, and how they are shown, without secrets',
  },
  { by: ['accounts'], at: ['members', 'invitations'], why: 'its people, as it sees them; where letters go' },
  { by: ['recover'], at: ['members'], why: 'where letters go' },
  { by: ['partners'], at: ['partners'], why: 'whom a merchant reaches at a partner, as it wrote that down' },
  {
    by: ['accounts', 'orders', 'route-order', 'deliver', 'pull'],
    at: ['partners'],
    why: 'what two companies agreed on',
  },
  { by: ['partners'], at: ['members'], why: 'whether whom an invitation names is there' },
  { by: ['export'], at: ['connections'], why: 'nothing of what is sealed is in an export of them' },
  { by: ['restore-drill'], at: ['sealed'], why: 'the planted order, which is nobody’s' },
];

/** The order is in the log, by one of these, before it is opened: once for each time. */
const OPENING = ['order.opened', 'order.disclosed'];

/**
 * What `export` read of a merchant's own documents, which hold what is sealed: the entry, which counts what a part holds,
 * comes before any of it is opened. Of orders it comes before what is sealed is read.
 */
interface Owed {
  at: string;
  /** Such as `sealed/ord_…`. */
  path: string;
}

class Openings {
  readonly #silent = new Set<string>();
  readonly #trades = new Trades();
  /** Orders that an entry names, and that were not opened since, by function. */
  readonly #entered = new Map<FunctionName, string[]>();
  /** Orders that were opened within a transaction, by function and transaction. */
  readonly #within = new Map<string, string[]>();
  #owed: Owed[] = [];
  /** How many orders of a company `export` has said that it opens, and has not yet. */
  readonly #announced = new Map<string, number>();

  wrote(by: FunctionName, writes: readonly DocumentWrite[], { transaction, entries }: Commit): void {
    this.#trades.wrote(by, writes);
    const opened = this.#within.get(`${by} ${transaction ?? ''}`) ?? [];
    for (const orderId of opened) {
      const named = entries.some(({ record }) => this.#trades.isOf(record, orderId));
      if (!named) this.#silent.add(`${by} sealed, in a change`);
    }
    for (const entry of entries) {
      if (OPENING.includes(entry.action)) added(this.#entered, by, entry.record);
      else if (entry.action === 'export.opened') this.#pay(entry);
    }
  }

  read(by: FunctionName, reads: readonly DocumentRead[]): void {
    for (const { path, transaction, fields } of reads) {
      const parts = path.split('/');
      const at = (parts[0] === 'companies' ? parts[2] : parts[0]) ?? '';
      if (!hasSealed(at, fields) || isNoAction(by, at)) continue;
      if (by === 'export' && at === 'sealed') this.#openAnnounced(parts[1] ?? '');
      else if (by === 'export') this.#owed.push({ at, path });
      else if (at !== 'sealed') this.#silent.add(`${by} ${at}`);
      else this.#open(by, parts[1] ?? '', transaction);
    }
  }

  /** A change that seals anew what it opened has its own entry in its commit; one that was undone showed nothing. */
  #open(by: FunctionName, orderId: string, transaction: string | undefined): void {
    if (transaction !== undefined) {
      added(this.#within, `${by} ${transaction}`, orderId);
      return;
    }
    const entered = this.#entered.get(by) ?? [];
    const place = entered.findIndex((record) => this.#trades.isOf(record, orderId));
    if (place < 0) this.#silent.add(`${by} sealed`);
    else entered.splice(place, 1);
  }

  #openAnnounced(orderId: string): void {
    const [companyId, count] =
      [...this.#announced].find(([company, left]) => left > 0 && this.#trades.has(company, orderId)) ?? [];
    if (companyId === undefined || count === undefined) this.#silent.add('export sealed');
    else this.#announced.set(companyId, count - 1);
  }

  /** As many as the entry counts, of its company. */
  #pay({ companyId, counts: { orders, quantity } }: LogEntry): void {
    if (orders !== undefined) this.#announced.set(companyId, (this.#announced.get(companyId) ?? 0) + orders);
    const covered = new Set<string>();
    const most = quantity ?? 0;
    this.#owed = this.#owed.filter(({ path }) => {
      if (!this.#isOf(companyId, path)) return true;
      if (covered.size < most) covered.add(path);
      return !covered.has(path);
    });
  }

  #isOf(companyId: string, path: string): boolean {
    const [top, id = ''] = path.split('/');
    return top !== 'companies' || id === companyId;
  }

  /** Who opened what: `orders sealed`. */
  silentNow(): string[] {
    const owed = this.#owed.map(({ at }) => `export ${at}`);
    return [...new Set([...this.#silent, ...owed])].sort();
  }
}

function added<K>(all: Map<K, string[]>, key: K, one: string): void {
  const some = all.get(key) ?? [];
  some.push(one);
  all.set(key, some);
}

function hasSealed(at: string, fields: readonly string[] | undefined): boolean {
  return SEALED[at]?.some((field) => fields?.includes(field) ?? true) ?? false;
}

function isNoAction(by: FunctionName, at: string): boolean {
  return NO_ACTION.some((each) => each.by.includes(by) && each.at.includes(at));
}

/**
 * Watches all that the functions of a cloud read of what is sealed: to read it is to open it, for a function that may use
 * keys. Answers how to ask what was opened without an entry until now.
 */
export function watchOpenings({ doors }: Pick<Cloud, 'doors'>): () => string[] {
  const openings = new Openings();
  for (const name of FUNCTIONS) {
    doors[name].observe((writes, commit) => {
      openings.wrote(name, writes, commit);
    });
  }
  for (const name of OPENERS) {
    doors[name].observeReads((reads) => {
      openings.read(name, reads);
    });
  }
  return () => openings.silentNow();
}
