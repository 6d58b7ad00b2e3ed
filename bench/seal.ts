import {
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  generateKeySync,
  type KeyObject,
  randomBytes,
} from 'node:crypto';
import { CompanyKey } from '../shared/crypto/company-key.ts';
import { RecordKey } from '../shared/crypto/record-key.ts';
import type { ShipTo } from '../shared/domain/order.ts';
import type { Figure } from './table.ts';

const TAG = { authTagLength: 16 } as const;
const ROUNDS = 200;
const RUNS_A_ROUND = 300;

/** An address whose sealed plaintext has 300 bytes. */
const SHIP_TO: ShipTo = {
  firstName: 'First',
  lastName: 'Last',
  streetAddress: 'x'.repeat(183),
  postalCode: '00000',
  region: 'Region',
  country: 'ZZ',
};

/** Sealing and opening one record of 300 bytes under a fresh wrapped key, beside the same node:crypto calls bare. */
export function sealBench(): Promise<Figure[]> {
  const ours = oursOnce();
  const limit = bareOnce(Buffer.from(JSON.stringify(SHIP_TO), 'utf8'));
  const seconds = { ours: [] as number[], limit: [] as number[] };
  // Short and taken in turns, so that both meet a moment in which the machine does nothing else. The fastest counts.
  for (let round = 0; round < ROUNDS; round += 1) {
    seconds.limit.push(timed(limit));
    seconds.ours.push(timed(ours));
  }
  return Promise.resolve([
    {
      what: 'seal and open 300 bytes, fresh record key wrapped',
      unit: '/s',
      ours: RUNS_A_ROUND / Math.min(...seconds.ours),
      limit: RUNS_A_ROUND / Math.min(...seconds.limit),
      better: 'more',
      aim: 0.9,
    },
  ]);
}

function timed(once: () => void): number {
  const start = performance.now();
  for (let run = 0; run < RUNS_A_ROUND; run += 1) once();
  return (performance.now() - start) / 1000;
}

function oursOnce(): () => void {
  const owner = { companyId: 'cmp_00000000000000000000000000', orderId: 'ord_00000000000000000000000000' };
  const company = new CompanyKey(owner.companyId, 1, generateKeySync('aes', { length: 256 }));
  return () => {
    const key = RecordKey.generate(owner);
    const sealed = key.sealShipTo(SHIP_TO);
    const wrapped = key.wrap(company, owner.orderId);
    RecordKey.unwrap(wrapped, owner, company, owner.orderId).openShipTo(sealed);
  };
}

function bareOnce(plaintext: Buffer): () => void {
  const company = generateKeySync('aes', { length: 256 });
  const place = randomBytes(100);
  return () => {
    const key = generateKeySync('aes', { length: 256 });
    const sealed = bareSeal(key, plaintext, place);
    const wrapped = bareSeal(company, key.export(), place);
    bareOpen(createSecretKey(bareOpen(company, wrapped, place)), sealed, place);
  };
}

function bareSeal(key: KeyObject, plaintext: Uint8Array, place: Buffer): Buffer {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, nonce, TAG).setAAD(place);
  return Buffer.concat([nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
}

function bareOpen(key: KeyObject, sealed: Buffer, place: Buffer): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, 12), TAG);
  decipher.setAAD(place).setAuthTag(sealed.subarray(-TAG.authTagLength));
  return Buffer.concat([decipher.update(sealed.subarray(12, -TAG.authTagLength)), decipher.final()]);
}
