import { existsSync } from 'node:fs';
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SetupError } from './find-emulators.ts';
import { TIME_FILE } from './kept-time.ts';

/** What belongs together in a folder of data: documents, keys, objects, the merchants that they are of, and its time. */
const PARTS = [
  ...['firestore', 'kms', 'storage', 'stripe.json', 'shops-kept.json', 'merchants.json'],
  TIME_FILE,
] as const;

/**
 * Takes a folder of data for this process, before anything reads it. Keys and objects are written at once, documents
 * when the hub stops: after an end without that they do not fit together, so all of it goes back to how it was when
 * that run began, erasures too. Answers when that run began, `undefined` when nothing is lost. A folder that another
 * hub has is a `SetupError`.
 */
export async function takeData(folder: string): Promise<string | undefined> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const left = await runningIn(folder);
  if (left !== undefined && isAlive(left.pid)) {
    throw new SetupError(`${folder} is in use by another hub (process ${left.pid}).`);
  }
  if (left === undefined) await copyParts(folder);
  else await restoreParts(folder);
  await writeFile(
    join(folder, 'running'),
    JSON.stringify({ pid: process.pid, since: new Date().toISOString() }),
  );
  return left?.since;
}

/** Says that everything was saved. */
export async function leaveData(folder: string): Promise<void> {
  await rm(join(folder, 'running'), { force: true });
}

/** Before the mark is set, so that a copy that broke off is made anew. */
async function copyParts(folder: string): Promise<void> {
  const before = join(folder, 'before');
  await rm(before, { recursive: true, force: true });
  await mkdir(before, { mode: 0o700 });
  for (const part of PARTS) {
    if (existsSync(join(folder, part))) await cp(join(folder, part), join(before, part), { recursive: true });
  }
}

async function restoreParts(folder: string): Promise<void> {
  for (const part of PARTS) {
    await rm(join(folder, part), { recursive: true, force: true });
    const before = join(folder, 'before', part);
    if (existsSync(before)) await cp(before, join(folder, part), { recursive: true });
  }
}

async function runningIn(folder: string): Promise<{ pid: number; since: string } | undefined> {
  try {
    return JSON.parse(await readFile(join(folder, 'running'), 'utf8')) as { pid: number; since: string };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
