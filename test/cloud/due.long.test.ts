import type { Firestore } from '@google-cloud/firestore';
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { dueFrom } from '../../shared/cloud/due.ts';
import { openFirestore } from '../../shared/cloud/firestore.ts';
import { dueSlot } from '../../shared/domain/due.ts';

/** More than one tick looks at. */
const MANY = 5_200;

let db: Firestore;
beforeAll(() => {
  process.env['FIRESTORE_EMULATOR_HOST'] = inject('emulators').firestore;
  const projectId = `due-${randomBytes(6).toString('hex')}`;
  db = openFirestore({ projectId, cloudEndpoint: undefined }, '(default)');
});
afterAll(() => db.terminate());

it('comes to every unfinished document, however many wait before it, and then begins anew', async () => {
  const last = db.doc('companies/b/pulls/last');
  for (let place = 0; place < MANY; place += 400) {
    const batch = db.batch();
    for (let one = place; one < place + 400; one += 1) {
      const ref = db.doc(`companies/a/pulls/${String(one).padStart(5, '0')}`);
      batch.set(ref, one % 50 === 0 ? {} : { due: dueSlot() });
    }
    batch.set(last, { due: dueSlot() });
    batch.set(db.doc('companies/b/deliveries/other'), { due: dueSlot() });
    await batch.commit();
  }

  const first = await dueFrom(db, 'pulls');
  expect(first.docs).toHaveLength(5_000);
  const second = await dueFrom(db, 'pulls', first.next);
  expect(second.docs.at(-1)?.ref.path).toBe(last.path);
  const paths = [...first.docs, ...second.docs].map(({ ref }) => ref.path);
  expect(new Set(paths).size).toBe(MANY - MANY / 50 + 1);
  expect(second.next).toBe('');
});
