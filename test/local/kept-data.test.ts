import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SetupError } from '../../local/find-emulators.ts';
import { leaveData, takeData } from '../../local/kept-data.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'strongroom-kept-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function write(what: string): Promise<void> {
  for (const part of ['firestore', 'kms', 'storage']) {
    await mkdir(join(folder, part), { recursive: true });
    await writeFile(join(folder, part, 'file'), what);
  }
  for (const file of ['stripe.json', 'merchants.json']) await writeFile(join(folder, file), what);
}

function written(): Promise<string[]> {
  const files = ['firestore/file', 'kms/file', 'storage/file', 'stripe.json', 'merchants.json'];
  return Promise.all(files.map((file) => readFile(join(folder, file), 'utf8').catch(() => 'none')));
}

/** A number that no process has. */
const NOBODY = 2 ** 22 + 1;

function killed(): Promise<void> {
  return writeFile(join(folder, 'running'), JSON.stringify({ pid: NOBODY, since: 'then' }));
}

describe('a folder of data', () => {
  it('is as it was left', async () => {
    expect(await takeData(folder)).toBeUndefined();
    await write('first');
    await leaveData(folder);
    expect(await takeData(folder)).toBeUndefined();
    expect(await written()).toEqual(['first', 'first', 'first', 'first', 'first']);
  });

  it('is as it was taken when it was not left, however often', async () => {
    await write('first');
    await takeData(folder);
    for (const what of ['second', 'third']) {
      await write(what);
      await killed();
      expect(await takeData(folder)).toBe('then');
      expect(await written()).toEqual(['first', 'first', 'first', 'first', 'first']);
    }
  });

  it('is empty again when its first run was not left', async () => {
    await takeData(folder);
    await write('first');
    await killed();
    expect(await takeData(folder)).toBe('then');
    expect(await written()).toEqual(['none', 'none', 'none', 'none', 'none']);
  });

  it('has one hub', async () => {
    await takeData(folder);
    await expect(takeData(folder)).rejects.toThrow(SetupError);
  });
});
