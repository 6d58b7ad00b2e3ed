import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** One of the parts that `kept-data.ts` takes back together. */
export const TIME_FILE = 'time.json';

/** How far the time of a hub with this data was moved on, in milliseconds: what it has written is of that time. */
export async function readAhead(dataDir: string): Promise<number> {
  try {
    const { aheadMs } = JSON.parse(await readFile(join(dataDir, TIME_FILE), 'utf8')) as { aheadMs: number };
    return aheadMs;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw error;
  }
}

export async function keepAhead(dataDir: string, aheadMs: number): Promise<void> {
  const file = join(dataDir, TIME_FILE);
  await writeFile(`${file}.new`, `${JSON.stringify({ aheadMs })}\n`, { mode: 0o600 });
  await rename(`${file}.new`, file);
}
