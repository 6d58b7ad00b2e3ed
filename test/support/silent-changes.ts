import type { Cloud } from '../../local/cloud.ts';
import type { DocumentWrite } from '../../local/door/writes.ts';
import { FUNCTIONS, type FunctionName } from '../../local/topology.ts';

/** What needs no entry of its own: who writes it, where, and, where it says so, which fields or kind alone. */
interface NoAction {
  by?: readonly FunctionName[];
  at: readonly string[];
  fields?: readonly string[];
  kind?: DocumentWrite['kind'];
  why: string;
}

/**
 * What changes beside a merchant's data and is no action on it. Whatever is not here stands with an entry in its own
 * company's log in one commit. `itself` is the document of a company.
 */
const NO_ACTION: readonly NoAction[] = [
  { at: ['leases', 'throttles', 'challenges', 'receipts', 'idempotency'], why: 'no merchant’s data' },
  { at: ['backups', 'drills', 'roots', 'rootTree'], why: 'no merchant’s data' },
  { at: ['signUps'], why: 'there is no company yet' },
  { at: ['resets', 'recoveryLinks', 'shopifyStates'], why: 'a link in a letter, and what it leads back to' },
  { at: ['apiKeyRefs'], fields: ['lastUsedAt'], why: 'when a key was used last' },
  { at: ['sessions'], fields: ['idleExpiresAt', 'lastUsedAt'], why: 'when a session was used last' },
  {
    by: ['accounts'],
    at: ['sessions'],
    kind: 'delete',
    why: 'the end of a session, page by page, after its entry',
  },
  {
    by: ['accounts'],
    at: ['members'],
    fields: ['secondFactors'],
    why: 'an app’s secret before its first code',
  },
  { by: ['recover'], at: ['recoveries'], fields: ['due'], why: 'when the next letter is due' },
  { by: ['checkpoint'], at: ['audit', 'auditTree', 'auditHeads'], why: 'sealing the log' },
  { by: ['archive-log'], at: ['audit', 'auditArchive'], why: 'moving the log' },
  { by: ['erase'], at: ['erasures'], why: 'the certificate, after the entry order.erased' },
  { by: ['erase'], at: ['sealed', 'orderRefs'], why: 'once more, of an order that is gone with its entry' },
  { by: ['sweep'], at: ['erasures'], fields: ['confirmDue'], why: 'when an erasure is confirmed' },
  { by: ['sweep'], at: ['privacyRequests'], why: 'how far it is, beside the erasures that it asks for' },
  { at: ['deliveries'], why: 'what is to be told, before the entry delivery.sent or delivery.given_up' },
  { at: ['pulls'], why: 'what is to be read at a shop, before the entries of what was read' },
  { at: ['connections'], fields: ['health'], why: 'when a shop was last heard of' },
  {
    by: ['pull'],
    at: ['connections'],
    fields: ['polledUntil', 'catalogue', 'countedBy'],
    why: 'how far a shop was read',
  },
  { by: ['webhooks', 'pull'], at: ['orderRefs'], why: 'that a shop deleted an order which never came here' },
  { by: ['webhooks', 'pull', 'deliver'], at: ['orders'], fields: ['shopId'], why: 'its number at a shop' },
  {
    by: ['allocate', 'sweep'],
    at: ['stock', 'reservations'],
    why: 'what is granted, before the entry that tells it',
  },
  {
    by: ['allocate', 'sweep', 'pull', 'catalogue'],
    at: ['stock'],
    fields: ['due', 'told'],
    why: 'what shops know',
  },
  { by: ['catalogue'], at: ['importParts'], why: 'a file before its entry import.started' },
  {
    by: ['import', 'sweep'],
    at: ['imports', 'importParts', 'products'],
    why: 'between import.started and .done',
  },
  { at: ['products'], fields: ['askedAt'], why: 'a product as it is, which was sent again' },
  { by: ['bill'], at: ['charges', 'orders'], why: 'attempts, between charge.opened and charge.settled' },
  { by: ['settle', 'billing'], at: ['charges'], why: 'ids and times of Stripe’s' },
  { by: ['close'], at: ['*'], why: 'what company.closing announced; the log goes too' },
];

/** A function changed something of a merchant's without an entry: `orders update members role`. */
function silentIn(by: FunctionName, writes: readonly DocumentWrite[]): string[] {
  const logged = new Set(writes.filter(isEntry).map(({ path }) => path.split('/')[1]));
  return writes.flatMap((write) => {
    if (write.database !== '(default)' || isEntry(write)) return [];
    const [top = '', company = '', below] = write.path.split('/');
    const ofCompany = top === 'companies';
    if (ofCompany ? logged.has(company) : logged.size > 0) return [];
    const at = ofCompany ? (below ?? 'itself') : top;
    if (NO_ACTION.some((each) => covers(each, by, at, write))) return [];
    return [[by, write.kind, at, ...(write.fields ?? [])].join(' ')];
  });
}

function covers(excuse: NoAction, by: FunctionName, at: string, { kind, fields }: DocumentWrite): boolean {
  const { at: places, fields: alone, kind: only } = excuse;
  return (
    (excuse.by?.includes(by) ?? true) &&
    (places.includes(at) || places.includes('*')) &&
    (only === undefined || only === kind) &&
    (alone === undefined || (kind === 'update' && (fields ?? []).every((field) => alone.includes(field))))
  );
}

function isEntry({ database, kind, path }: DocumentWrite): boolean {
  return database === '(default)' && kind === 'create' && /^companies\/[^/]+\/audit\/[^/]+$/.test(path);
}

/**
 * Watches every commit that the functions of a cloud make in `(default)`, where merchants' data and their logs share one.
 * Answers how to ask what was changed without an entry until now.
 */
export function watchChanges({ doors }: Pick<Cloud, 'doors'>): () => string[] {
  const silent = new Set<string>();
  for (const name of FUNCTIONS) {
    doors[name].observe((writes) => {
      for (const each of silentIn(name, writes)) silent.add(each);
    });
  }
  return () => [...silent].sort();
}
