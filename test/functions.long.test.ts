import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { FUNCTIONS } from '../local/topology.ts';

/** On one machine functions share what they load; deployed, each has only what it loads itself, in its own order. */
it.each(FUNCTIONS)('%s loads by itself', async (name) => {
  const file = resolve(import.meta.dirname, '..', 'functions', `${name}.ts`);
  const loaded = promisify(execFile)(process.execPath, [
    '--input-type=module',
    '-e',
    `await import('${file}')`,
  ]);
  await expect(loaded).resolves.toMatchObject({ stderr: '' });
});
