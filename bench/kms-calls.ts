import type { Cloud } from '../local/cloud.ts';
import { seedDeps } from '../local/seed.ts';
import { readConfig } from '../shared/cloud/config.ts';
import { type Keyring, openKeyring } from '../shared/cloud/keyring.ts';
import { randomId } from '../shared/domain/ids.ts';
import type { Figure } from './table.ts';

export interface Traffic {
  orders: number;
  companies: number;
  /** Each takes every so-manieth order, as a load balancer hands them out. */
  instances: number;
}

const AT_ONCE = 64;
const SHIP_TO = {
  firstName: 'First',
  lastName: 'Last',
  streetAddress: 'Teststrasse 1\nTestville',
  postalCode: '00000',
  region: 'Region',
  country: 'ZZ',
};

/** Calls to KMS, counted at the door, while fresh instances of `webhooks` make and use the record key of each order. */
export async function kmsCalls(
  cloud: Pick<Cloud, 'envOf' | 'doors'>,
  { orders, companies, instances }: Traffic,
): Promise<number> {
  const seed = seedDeps(cloud).keyring;
  await seed.lookup();
  const companyIds = Array.from({ length: companies }, () => randomId('company'));
  await inTurns(companyIds, (companyId) => seed.createCompanyKey(companyId));

  const config = readConfig(cloud.envOf('webhooks'));
  const fresh = Array.from({ length: instances }, () => openKeyring(config, { now: Date.now }));
  const { counts } = cloud.doors.webhooks;
  counts.reset();
  await inTurns([...Array(orders).keys()], async (order) => {
    const companyId = companyIds[order % companies] ?? '';
    await receive(fresh[order % instances], companyId);
  });
  return counts.snapshot().kmsCalls;
}

/** What the two sizes that the design speaks of cost. */
export async function kmsFigures(cloud: Pick<Cloud, 'envOf' | 'doors'>, scale: number): Promise<Figure[]> {
  const few = { orders: 10_000 / scale, companies: 100 / scale, instances: 1 };
  const many = { orders: 10_000 / scale, companies: 10_000 / scale, instances: 10 };
  const figure = async (traffic: Traffic, aim: number): Promise<Figure> => {
    const { orders, companies, instances } = traffic;
    const of = `${orders.toLocaleString('en')} orders of ${companies.toLocaleString('en')} companies`;
    const what = `KMS calls, ${of} on ${instances === 1 ? 'one instance' : `${instances} instances`}`;
    return { what, unit: 'calls', ours: await kmsCalls(cloud, traffic), better: 'less', aim };
  };
  return [
    // One for each company, and one for the lookup key.
    await figure(few, few.companies + 1),
    await figure(many, many.companies + many.instances),
  ];
}

async function receive(keyring: Keyring | undefined, companyId: string): Promise<void> {
  await keyring?.lookup();
  const recordKey = await keyring?.createRecordKey({ companyId, orderId: randomId('order') });
  recordKey?.sealShipTo(SHIP_TO);
}

async function inTurns<T>(items: T[], work: (item: T) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      const item = items[next++];
      if (item !== undefined) await work(item);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}
