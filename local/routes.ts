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

/** The one routes table, in its order: the rewrites of `firebase.json`. */
export function readRewrites(file = resolve(import.meta.dirname, '..', 'firebase.json')) {
  const { hosting } = Routes.parse(JSON.parse(readFileSync(file, 'utf8')));
  return hosting.rewrites.map(({ source, run }) => ({ source, to: run.serviceId }));
}

/** The first match of the table wins. */
export function readRoutes(file?: string): Router {
  const table = readRewrites(file).map(({ source, to }) => ({ pattern: globPattern(source), to }));
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
