/**
 * Builds every function as its process does at the first request: reads `{ [function]: environment }` from standard input
 * and writes `{ [function]: what went wrong, or null }`. A process of its own, since a function quiets the console.
 */
import { text } from 'node:stream/consumers';
import type { Build } from '../../shared/http/entry.ts';

const environments = JSON.parse(await text(process.stdin)) as Record<string, Record<string, string>>;
const told: Record<string, string | null> = {};
for (const [name, env] of Object.entries(environments)) {
  const { build } = (await import(`../../functions/${name}.ts`)) as { build: Build };
  try {
    build(env, Date.now);
    told[name] = null;
  } catch (error) {
    told[name] = String(error);
  }
}
process.stdout.write(JSON.stringify(told), () => process.exit());
