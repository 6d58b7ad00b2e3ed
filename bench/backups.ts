import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cloud } from '../local/cloud.ts';
import { seedCompany, seedDeps, type SeedDeps } from '../local/seed.ts';
import { plant } from '../shared/backups/planted.ts';
import { StoredBackup } from '../shared/backups/record.ts';
import { readConfig } from '../shared/cloud/config.ts';
import { openFirestore, orderRefId, paths } from '../shared/cloud/firestore.ts';
import { createKeyring } from '../shared/cloud/keyring.ts';
import { addCompanyKeyVersion } from '../shared/cloud/keyring-companies.ts';
import { createKms } from '../shared/cloud/kms.ts';
import { createLog } from '../shared/cloud/log.ts';
import { createPublisher } from '../shared/cloud/pubsub.ts';
import { randomId } from '../shared/domain/ids.ts';
import { renewWraps } from '../shared/orders/renew-wraps.ts';
import type { Totals } from '../local/door/counts.ts';
import type { Figure } from './table.ts';

const HUNDRED_THOUSAND = 100_000;
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const AT_ONCE = 50;
/** What grows with the number of orders must not be the memory of a process. */
const MEMORY_AIM = 1.25;
const ADDRESS = {
  ...{ firstName: 'First', lastName: 'Last', streetAddress: 'Teststrasse 1\nTestville' },
  ...{ postalCode: '00000', region: 'Region', country: 'ZZ' },
};
const EXPORTING = ['backup', 'backup-check', 'offsite-copy'] as const;

interface Round {
  /** Of our own functions; the service bills a read a document for the export besides. */
  exported: Totals;
  drilled: Totals;
  documents: number;
  bytes: number;
  /** Megabytes that the functions' process had at most. */
  peak: number;
}

/** What a backup, a drill of everything and new wraps for one company cost, by what more orders add to it. */
export async function backupFigures(cloud: Cloud, orders: number): Promise<Figure[]> {
  const seed = seedDeps(cloud);
  const { companyId } = await seedCompany('Backed up', 'backed-up@demo.example', seed);
  await planted(cloud, seed);
  const few = Math.round(orders / 4);
  await addOrders(companyId, few, seed);
  await round(cloud);
  const first = await round(cloud);
  await addOrders(companyId, orders - few, seed);
  const second = await round(cloud);
  const scale = HUNDRED_THOUSAND / (orders - few);
  const more = (of: (round: Round) => number): number => Math.round((of(second) - of(first)) * scale);
  const documents = more((each) => each.documents);
  const of = 'for 100,000 orders more';
  const renewed = await renewal(cloud, companyId);
  const text = ({ reads, writes, storageCalls }: Totals): string =>
    `${String(documents)} documents by the service; ours, whatever their number: ${String(reads)} reads, ` +
    // An aggregation reads one for a thousand documents, which the wire does not show.
    `${String(writes)} writes, ${String(storageCalls)} storage calls, and a read for a thousand documents`;
  return [
    {
      what: `export ${of}`,
      unit: 'documents',
      ours: documents,
      words: text(second.exported),
      better: 'less',
    },
    {
      what: `bytes of an export ${of}`,
      unit: 'MB',
      ours: Math.round(more((each) => each.bytes) / 1e6),
      better: 'less',
    },
    {
      what: `drill ${of}`,
      unit: 'documents',
      ours: documents,
      words: text(second.drilled),
      better: 'less',
    },
    {
      what: `peak memory of an export and a drill, ${String(orders)} orders, ${String(few)} as the limit`,
      ...{ unit: 'MB', ours: second.peak, limit: first.peak, better: 'less', aim: MEMORY_AIM },
    },
    {
      what: `new wraps of 100,000 orders for a company`,
      ...{ unit: 'writes', ours: Math.round((renewed.writes / orders) * HUNDRED_THOUSAND), better: 'less' },
      words: ['reads', 'writes', 'kmsCalls']
        .map((kind) => {
          const count = renewed[kind as keyof Totals];
          const counted = kind === 'kmsCalls' ? count : Math.round((count / orders) * HUNDRED_THOUSAND);
          return `${String(counted)} ${kind === 'kmsCalls' ? 'KMS calls' : kind}`;
        })
        .join(', '),
    },
  ];
}

async function planted(cloud: Cloud, { db, keyring }: SeedDeps): Promise<void> {
  const publisher = createPublisher(readConfig(cloud.envOf('plant-drill')));
  const log = createLog({ functionName: 'bench', write: () => undefined });
  await plant({ db, keyring, publisher, log, now: Date.now });
}

/** Orders as they are stored, without lines: what is counted is documents. */
async function addOrders(companyId: string, count: number, { db, keyring }: SeedDeps): Promise<void> {
  for (let at = 0; at < count; at += AT_ONCE) {
    const batch = db.batch();
    const ids = Array.from({ length: Math.min(AT_ONCE, count - at) }, () => randomId('order'));
    await Promise.all(
      ids.map(async (orderId) => {
        const key = await keyring.createRecordKey({ companyId, orderId });
        const shipTo = key.sealShipTo(ADDRESS);
        batch.create(db.doc(paths.sealed(orderId)), { companyId, shipTo, shipToMac: null, details: null });
        batch.create(db.doc(paths.orderRef(orderId)), { companyId, orderId, erasedAt: null });
        const order = {
          companyId,
          origin: null,
          partner: null,
          lines: [],
          supplyOrders: [],
          ref: orderRefId(orderId),
        };
        batch.create(db.doc(paths.order(companyId, orderId)), order);
      }),
    );
    await batch.commit();
  }
}

/** On a day on which a drill restores everything. */
async function round(cloud: Cloud): Promise<Round> {
  const { clock, doors } = cloud;
  const now = clock.now();
  await clock.advance(7 * DAY - (now % (7 * DAY)) + 60 * MINUTE);
  const pid = cloud.hosts.pid('backup');
  forgetPeak(pid);
  for (const name of [...EXPORTING, 'restore-drill'] as const) doors[name].counts.reset();
  await clock.tick('backup');
  // Planned for the next check, at the quarter of the hour.
  await clock.advance(16 * MINUTE);
  await clock.tick('backup');
  const record = await good(cloud);
  const exported = sum(EXPORTING.map((name) => doors[name].counts.snapshot()));
  doors['restore-drill'].counts.reset();
  await clock.tick('restore-drill');
  const parts = Object.values(record.parts);
  return {
    ...{ exported, drilled: doors['restore-drill'].counts.snapshot(), peak: peakOf(pid) },
    documents: parts.reduce((total, { documents }) => total + (documents ?? 0), 0),
    bytes: parts.reduce((total, { bytes }) => total + (bytes ?? 0), 0),
  };
}

async function good(cloud: Cloud): Promise<StoredBackup> {
  const { db } = seedDeps(cloud);
  for (;;) {
    await cloud.clock.tick('offsite-copy');
    await cloud.clock.tick('backup-check');
    const found = await db.collection('backups').orderBy('snapshotTime', 'desc').limit(2).get();
    const record = found.docs
      .map((doc) => StoredBackup.parse(doc.data()))
      .find(({ state }) => state !== 'planned');
    if (record?.state === 'good') return record;
    await sleep(100);
  }
}

async function renewal(cloud: Cloud, companyId: string): Promise<Totals> {
  const config = readConfig(cloud.envOf('rewrap'));
  const keys = { db: openFirestore(config, 'keyring'), kms: createKms(config) };
  await addCompanyKeyVersion(companyId, keys);
  const { counts } = cloud.doors.rewrap;
  counts.reset();
  await renewWraps(companyId, {
    db: openFirestore(config, '(default)'),
    keyring: createKeyring({ ...keys, now: Date.now }),
  });
  return counts.snapshot();
}

function sum(all: Totals[]): Totals {
  return all.reduce((one, other) => ({
    reads: one.reads + other.reads,
    writes: one.writes + other.writes,
    deletes: one.deletes + other.deletes,
    messages: one.messages + other.messages,
    kmsCalls: one.kmsCalls + other.kmsCalls,
    storageCalls: one.storageCalls + other.storageCalls,
    bytes: one.bytes + other.bytes,
  }));
}

/** https://www.kernel.org/doc/html/latest/filesystems/proc.html: 5 resets the peak of a process's resident memory. */
function forgetPeak(pid: number): void {
  writeFileSync(`/proc/${String(pid)}/clear_refs`, '5');
}

/** Megabytes. */
function peakOf(pid: number): number {
  const [, kilobytes] = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${String(pid)}/status`, 'utf8')) ?? [];
  return Math.round(Number(kilobytes) / 1000);
}
