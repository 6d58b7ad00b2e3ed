import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { z } from 'zod';
import { FUNCTIONS, type FunctionName } from './topology.ts';

const Routes = z.object({
  hosting: z.object({
    rewrites: z.array(
      z.object({
        source: z.string().startsWith('/'),
        run: z.object({ serviceId: z.enum(FUNCTIONS), region: z.string() }),
      }),
    ),
  }),
});

/** Which function answers a path; `undefined` when none does, as for everything that is internal. */
export type Router = (path: string) => FunctionName | undefined;

/** Reads the one routes table: the rewrites of `firebase.json`, the first match wins. */
export function readRoutes(file = resolve(import.meta.dirname, '..', 'firebase.json')): Router {
  const { hosting } = Routes.parse(JSON.parse(readFileSync(file, 'utf8')));
  const table = hosting.rewrites.map(({ source, run }) => ({
    pattern: globPattern(source),
    to: run.serviceId,
  }));
  return (path) => table.find(({ pattern }) => pattern.test(path))?.to;
}

/** Firebase Hosting's globs: a single star within a segment, a double one across segments, `{a,b}` for either. */
export function globPattern(glob: string): RegExp {
  const source = glob.replace(/\*\*|\*|[{},]|[^*{},]+/g, (token) => {
    if (token === '**') return '.*';
    if (token === '*') return '[^/]*';
    if (token === '{') return '(?:';
    if (token === '}') return ')';
    if (token === ',') return '|';
    return token.replace(/[\\^$.|?+()[\]]/g, '\\$&');
  });
  return new RegExp(`^${source}$`, 's');
}
