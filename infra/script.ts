import { readFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { join } from 'node:path';
import { constants, Script } from 'node:vm';

/** What a bundle exports beside its function. */
export interface Bundle {
  /** functions-framework's server for the function, not listening yet. */
  server: () => Server;
  /** Runs functions-framework's own start, which reads the environment and the command line. */
  start: () => unknown;
  [name: string]: unknown;
}

/**
 * Runs the bundle in `folder` as a CommonJS module would be, and answers its script. Reading some megabytes of source
 * is most of what a cold start does; with compiled code beside it V8 reads only what is used and was not compiled. Code
 * that another V8 compiled is not taken.
 */
export function runBundle(folder: string, module: { exports: unknown }, require: NodeJS.Require): Script {
  const file = join(folder, 'function.cjs');
  // The bundle is plain ASCII, which Latin-1 reads without looking.
  const source = readFileSync(file, 'latin1');
  const cachedData = cacheOf(file);
  const script = new Script(`(function (exports, require, module, __filename, __dirname) {${source}\n})`, {
    filename: file,
    ...(cachedData !== undefined && { cachedData }),
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  const run = script.runInThisContext() as (...scope: unknown[]) => void;
  run(module.exports, require, module, file, folder);
  return script;
}

function cacheOf(file: string): Buffer | undefined {
  try {
    return readFileSync(`${file}.cache`);
  } catch {
    return undefined;
  }
}
