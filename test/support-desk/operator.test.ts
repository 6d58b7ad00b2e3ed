import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openClockDoor } from '../../local/clock-door.ts';
import { readConfig } from '../../shared/cloud/config.ts';
import { openFirestore, paths } from '../../shared/cloud/firestore.ts';
import { type TestCloud, testCloud } from '../support/cloud.ts';

const COMMAND = resolve(import.meta.dirname, '..', '..', 'infra', 'staff.ts');
const run = promisify(execFile);

let cloud: TestCloud;
beforeAll(async () => {
  cloud = await testCloud();
});
afterAll(() => cloud.stop());

/** What `npm run staff` runs, with the rights of the operator and no others. */
async function staff(...words: string[]): Promise<string> {
  const env = { ...process.env, ...cloud.envOf('staff-admin') };
  return (await run(process.execPath, [COMMAND, ...words], { env })).stdout.trim();
}

it('the operator’s command makes, trains, suspends and restores accounts, and lists them', async () => {
  expect(await staff('add', 'desk-07', 'support')).toMatch(
    /^desk-07 is stf_\w{26}\..* sr_enrol_[0-9a-f]{32}$/,
  );
  expect(await staff('train', 'desk-07', '2027-05-31')).toBe('Trained through 2027-05-31.');
  expect(await staff('list')).toMatch(
    /^stf_\w{26} {2}desk-07 {2}support {2}active {2}no factors {2}trained until 2027-05-31T23:59:59.999Z/,
  );
  await staff('suspend', 'desk-07');
  expect(await staff('list')).toContain('suspended');
  await staff('restore', 'desk-07');
  expect(await staff('list')).toContain('active');
  expect(await staff('factors', 'desk-07')).toMatch(/sr_enrol_[0-9a-f]{32}$/);
}, 120_000);

it.each([[[]], [['add', 'desk-08']], [['add', 'Desk 08', 'support']], [['add', 'desk-08', 'owner']]])(
  'refuses %j',
  async (words) => {
    await expect(staff(...words)).rejects.toMatchObject({
      stderr: expect.stringContaining('Usage') as string,
    });
  },
);

it('refuses a name that is taken, and one that there is not', async () => {
  await staff('add', 'desk-09', 'reviewer');
  const taken = { stderr: expect.stringContaining('the name is taken') as string };
  await expect(staff('add', 'desk-09', 'support')).rejects.toMatchObject(taken);
  const nobody = { stderr: expect.stringContaining('no member of staff') as string };
  await expect(staff('suspend', 'desk-10')).rejects.toMatchObject(nobody);
}, 60_000);

it('goes by the time of a hub on this machine, which was moved on', async () => {
  const day = 24 * 60 * 60_000;
  const folder = await mkdtemp(join(tmpdir(), 'strongroom-staff-'));
  const own = join(folder, '.strongroom');
  await mkdir(own);
  const door = await openClockDoor(cloud.clock, join(own, 'clock.json'));
  const env = { ...cloud.envOf('staff-admin'), LOCAL_CLOCK: door.url };
  const lines = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  await writeFile(join(own, 'staff.env'), lines.join('\n'));
  await cloud.clock.advance(2 * day);
  await run(process.execPath, [COMMAND, 'add', 'desk-11', 'support'], { env: {}, cwd: folder });
  await door.close();
  await rm(folder, { recursive: true });

  const staffDb = openFirestore(readConfig(cloud.envOf('seed')), 'staff');
  const found = await staffDb.collection(paths.staff).where('name', '==', 'desk-11').get();
  const { activeSince, enrolment } = found.docs[0]?.data() as {
    activeSince: string;
    enrolment: { expiresAt: string };
  };
  expect(cloud.clock.now() - Date.parse(activeSince)).toBeLessThan(day);
  expect(Date.parse(enrolment.expiresAt)).toBeGreaterThan(cloud.clock.now());
  await staffDb.terminate();
}, 60_000);
