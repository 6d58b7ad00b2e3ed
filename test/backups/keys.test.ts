import { FieldValue } from '@google-cloud/firestore';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readConfig } from '../../shared/cloud/config.ts';
import { openFirestore } from '../../shared/cloud/firestore.ts';
import { secretKeyVersion } from '../../shared/crypto/company-key.ts';
import { startPeople } from '../accounts/people.ts';
import { createKeyring } from '../../shared/cloud/keyring.ts';
import { createKms } from '../../shared/cloud/kms.ts';
import { type Both, opens } from '../privacy/trade.ts';
import { testCloud, type TestCloud } from '../support/cloud.ts';
import { type Market, startMarket } from '../support/market.ts';
import { HOUR, traded } from './backups-fixture.ts';
import { census, newVersion, rewrap } from './keys-fixture.ts';

let cloud: TestCloud;
let market: Market;
let keyring: FirebaseFirestore.Firestore;
let both: Both;
beforeAll(async () => {
  cloud = await testCloud({ asleep: [] });
  market = await startMarket(cloud);
  keyring = openFirestore(readConfig(cloud.envOf('seed')), 'keyring');
  both = await traded(market);
});
afterAll(async () => {
  await keyring.terminate();
  await cloud.stop();
});

describe('a new version of the KMS key', () => {
  it('wraps every company key after a run, while orders come in and open', async () => {
    const version = await newVersion(cloud);
    const [said, during] = await Promise.all([rewrap(cloud, 'rewrap'), traded(market)]);
    expect(said).toContain(`cryptoKeyVersions/${String(version)}: 3 of 3 documents anew`);
    // Nothing is in memory any more.
    await cloud.clock.advance(2 * HOUR);
    for (const each of [both, during]) {
      expect(await opens(market.retailer, each.orderId)).toBe(true);
      expect(await opens(market.supplier, each.supplyOrderId)).toBe(true);
    }
    expect((await census(cloud))['1']).toMatchObject({ live: 0 });
  });

  it('is reached out of the recovery wraps when the project of the old one is lost', async () => {
    const found = await keyring.collection('companyKeys').get();
    for (const { ref } of found.docs) {
      await ref.update({ 'versions.1.wrapped': Buffer.from('lost'), 'versions.1.kekVersion': 'lost' });
    }
    const lookup = { wrapped: Buffer.from('lost'), kekVersion: 'lost' };
    await keyring.doc('lookup/current').update(lookup);
    await cloud.clock.advance(2 * HOUR);
    expect(await opens(market.retailer, both.orderId)).toBe(false);
    await expect(rewrap(cloud, 'rewrap', '--from', 'recovery')).rejects.toThrow();
    expect(await rewrap(cloud, 'restore', '--from', 'recovery')).toContain('3 of 3 documents anew');
    expect(await opens(market.retailer, both.orderId)).toBe(true);
  });
});

describe('a new version of a company’s key', () => {
  it('wraps its record keys, its own and those of others, while everybody opens them', async () => {
    const { companyId } = market.supplier;
    expect(await opens(market.supplier, both.supplyOrderId)).toBe(true);
    expect(await rewrap(cloud, 'rewrap', '--company', companyId, '--new-version')).toMatch(
      /2 of 2 record keys wrapped anew/,
    );
    // Instances that hold the old keys in memory find the new version when they need it.
    expect(await opens(market.supplier, both.supplyOrderId)).toBe(true);
    expect(await opens(market.retailer, both.orderId)).toBe(true);
    const wraps = (await keyring.doc(`recordKeys/${both.orderId}`).get()).get('wraps') as object;
    expect(Object.values(wraps)).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ holder: companyId, companyKeyVersion: 2 }),
        expect.objectContaining({ holder: market.retailer.companyId, companyKeyVersion: 1 }),
      ]),
    );
    expect(await rewrap(cloud, 'rewrap', '--company', companyId)).toContain(
      '0 of 2 record keys wrapped anew',
    );
    expect(await renewals()).toEqual(['done', 'intended']);
  });

  it('is in the log also when the run dies behind it: as intended at once, as done by the next run', async () => {
    const { companyId } = market.supplier;
    const before = await renewals();
    cloud.doors.rewrap.setFault({
      match: ({ method, database }) => method === 'Commit' && database === 'keyring',
      // The version is there, and its maker does not live to hear of it.
      ...{ nth: 1, when: 'after', then: { status: status.PERMISSION_DENIED } },
    });
    await expect(rewrap(cloud, 'rewrap', '--company', companyId, '--new-version')).rejects.toThrow();
    cloud.doors.rewrap.setFault(null);
    expect((await keyring.doc(`companyKeys/${companyId}`).get()).get('active')).toBe(3);
    expect(await renewals()).toEqual(['intended', ...before]);
    expect(await rewrap(cloud, 'rewrap', '--company', companyId)).toContain('tells of version 3 now');
    expect(await renewals()).toEqual(['done', 'intended', ...before]);
    expect(await rewrap(cloud, 'rewrap', '--company', companyId)).not.toContain('tells of version');
    expect(await renewals()).toEqual(['done', 'intended', ...before]);
  });

  /** What the supplier's log says of its key, the newest first. */
  async function renewals(): Promise<string[]> {
    const logged = await market.supplier.call('GET', '/v1/audit?action=company.key_renewed');
    return (logged.json as { data: { result: string }[] }).data.map(({ result }) => result);
  }

  it('seals anew all that lies under the key itself, and it opens as before', async () => {
    const people = await startPeople(cloud);
    const { companyId, memberId, token, email } = await people.owner();
    const made = async (path: string, body: object): Promise<unknown> => {
      const reply = await people.ask('POST', path, { token, body });
      expect([path, reply.status]).toEqual([path, 201]);
      return reply.json as unknown;
    };
    const invited = people.address().email;
    await made('/v1/members', { email: invited, role: 'member' });
    const partner = await made('/v1/partners', { email: people.address().email, role: 'supplier' });
    await made('/v1/endpoints', { url: 'https://erp.merchant.com/hook' });
    await made('/v1/connections', { platform: 'standard', name: 'ERP' });
    await people.ask('POST', '/v1/second-factors/totp', { token });
    const of = (path: string) => market.seed.db.doc(`companies/${companyId}/${path}`).get();
    const secretOf = async (): Promise<Buffer> =>
      (await of(`members/${memberId}`)).get('secondFactors.pendingTotp.secret') as Buffer;
    expect(secretKeyVersion(await secretOf())).toBe(1);

    const said = await rewrap(cloud, 'rewrap', '--company', companyId, '--new-version');
    expect(said).toContain('6 of 6 contacts and secrets sealed anew');
    expect(await rewrap(cloud, 'rewrap', '--company', companyId)).toContain('0 of 6 contacts and secrets');
    expect(secretKeyVersion(await secretOf())).toBe(2);
    // Nothing needs the version before.
    await keyring.doc(`companyKeys/${companyId}`).update({ 'versions.1': FieldValue.delete() });
    await cloud.clock.advance(2 * HOUR);
    const shown = async (path: string): Promise<string> => {
      const { status, text } = await people.ask('GET', path, {
        token: await people.whole({ companyId, memberId }),
      });
      expect([path, status]).toEqual([path, 200]);
      return text;
    };
    expect(await shown('/v1/members')).toContain(email);
    expect(await shown(`/v1/partners/${(partner as { id: string }).id}`)).toContain('"contact":{"email"');
    expect(await shown('/v1/endpoints')).toContain('erp.merchant.com');
    const config = readConfig(cloud.envOf('accounts'));
    const opening = createKeyring({ db: keyring, kms: createKms(config), now: cloud.clock.now });
    const secret = await opening.openSecret(companyId, `totp/${memberId}`, await secretOf());
    expect(secret.length).toBeGreaterThan(15);
    const { docs } = await market.seed.db.collection(`companies/${companyId}/connections`).get();
    for (const doc of docs) {
      const sealed = doc.get('sealed') as Buffer;
      expect((await opening.openSecret(companyId, `connection/${doc.id}`, sealed)).toString()).toContain(
        'standard',
      );
    }
  });
});
