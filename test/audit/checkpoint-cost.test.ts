import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Totals } from '../../local/door/counts.ts';
import { seedDeps, type SeedDeps } from '../../local/seed.ts';
import { paths } from '../../shared/cloud/firestore.ts';
import { edgeOf, TILE_WIDTH, tileName } from '../../shared/crypto/merkle-tiles.ts';
import { randomId } from '../../shared/domain/ids.ts';
import { type TestCloud, testCloud } from '../support/cloud.ts';
import { headOf, writeEntries } from './log-fixture.ts';

let cloud: TestCloud;
let seed: SeedDeps;
beforeAll(async () => {
  cloud = await testCloud();
  seed = seedDeps(cloud);
});
afterAll(() => cloud.stop());

/** A log of so many entries as far as a checkpoint meets it: its head, and the tiles at its edge. */
async function longLog(size: number): Promise<string> {
  const companyId = randomId('company');
  const batch = seed.db.batch();
  const root = randomBytes(32).toString('base64url');
  batch.set(seed.db.doc(paths.auditTree(companyId, 'head')), { companyId, size, root });
  for (const tile of edgeOf(size)) {
    const filled = Math.floor(size / TILE_WIDTH ** tile.level) % TILE_WIDTH;
    const hashes = randomBytes(32 * filled);
    batch.set(seed.db.doc(paths.auditTree(companyId, tileName(tile))), { hashes });
  }
  await batch.commit();
  return companyId;
}

/** What the checkpoint costs that seals 1 000 new entries of a log. */
async function costOf(size: number): Promise<Totals> {
  const companyId = await longLog(size);
  for (let written = 0; written < 1000; written += 250) await writeEntries(seed.db, companyId, 250);
  const { counts } = cloud.doors.checkpoint;
  counts.reset();
  expect(await cloud.clock.tick('checkpoint')).toBe(204);
  expect((await headOf(seed.db, companyId)).size).toBe(size + 1000);
  return counts.snapshot();
}

it('costs the same for 1 000 new entries of a log of 1 000 and of 1 000 000', async () => {
  expect(await cloud.clock.tick('checkpoint')).toBe(204);
  const [short, long] = [await costOf(1_000), await costOf(1_000_000)];
  const documents = ({ reads, writes, deletes }: Totals): number => reads + writes + deletes;
  expect(documents(long) / documents(short)).toBeLessThanOrEqual(1.2);
  expect(long.bytes / short.bytes).toBeLessThanOrEqual(1.2);
  expect(long.kmsCalls).toBe(short.kmsCalls);
  // One read and one write an entry, and little beside.
  expect(documents(long)).toBeLessThan(2_100);
  if (process.env['SHOW_COST'] === '1') console.log({ short, long });
});
