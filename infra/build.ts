/** `npm run build`: every function as it is deployed, one folder each in `dist/`. */
import { readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { basename, join, relative, resolve } from 'node:path';
import { bundleFunction } from './bundle.ts';

const ROOT = resolve(import.meta.dirname, '..');
const FUNCTIONS = join(ROOT, 'functions');
const DIST = join(ROOT, 'dist');

async function main(): Promise<void> {
  await rm(DIST, { recursive: true, force: true });
  const names = readdirSync(FUNCTIONS).map((file) => basename(file, '.ts'));
  for (const name of names) {
    const startedAt = performance.now();
    const folder = join(DIST, name);
    await bundleFunction({ name, file: join(FUNCTIONS, `${name}.ts`), folder });
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
    console.log(`${relative(ROOT, folder)}  ${seconds} s`);
  }
}

await main();
