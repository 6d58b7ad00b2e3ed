import { execFile } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { build, type BuildOptions } from 'esbuild';
import { trimProtos } from './trim-protos.ts';
import { withoutDomains } from './without-domains.ts';

/**
 * How a function's process is started. Left alone V8 lets garbage grow to twice what an instance needs before it looks
 * for it; this keeps one under load below 160 MB, for a fifth more processor time. It is no limit: hostile bodies,
 * which functions-framework reads before anybody is asked who sent them, would make an instance of little room end.
 */
const NODE_FLAGS = ['--max-semi-space-size=4', '--heap-growing-percent=10'];

const ROOT = resolve(import.meta.dirname, '..');
const FRAMEWORK_START = '@google-cloud/functions-framework/build/src/main.js';

const COMMON = {
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'cjs',
  logLevel: 'error',
} satisfies BuildOptions;

export interface FunctionToBundle {
  /** The name that it registers itself by. */
  name: string;
  /** The file that registers it. */
  file: string;
  /** Where it goes; what is there already is replaced. */
  folder: string;
  /** Leaves functions-framework as it is: what the bench measures against. */
  plain?: boolean;
}

/**
 * Bundles one function with all that it needs, functions-framework included:
 *
 *     index.cjs            loads the two files below; started directly, it serves
 *     function.cjs         the code, and function.cjs.map for reading stacks
 *     function.cjs.cache   V8's compiled code
 *     package.json         `npm start`, and `main` for functions-framework's own command line
 *     Dockerfile           the image of it
 */
export async function bundleFunction({ name, file, folder, plain = false }: FunctionToBundle): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await build({
    ...COMMON,
    stdin: { contents: entry(name, file), resolveDir: ROOT },
    outfile: join(folder, 'function.cjs'),
    // Native code (argon2) goes along as a file: it is good for the kind of machine that builds, which has to be the
    // kind that runs, Linux on x64.
    loader: { '.node': 'copy' },
    // Names stay: the log tells errors by their class, and stacks are read by people.
    minifySyntax: true,
    minifyWhitespace: true,
    // A stack names lines, so lines have to be short enough to mean something.
    lineLimit: 200,
    sourcemap: 'external',
    // The package names what may be imported of it, and leaves out its start.
    alias: { 'functions-framework-start': join(ROOT, 'node_modules', FRAMEWORK_START) },
    plugins: [trimProtos, ...(plain ? [] : [withoutDomains])],
  });
  await build({
    ...COMMON,
    entryPoints: [join(import.meta.dirname, 'start.ts')],
    outfile: join(folder, 'index.cjs'),
  });
  await writeFile(join(folder, 'package.json'), `${JSON.stringify(manifest(name), null, 2)}\n`);
  await writeFile(join(folder, 'Dockerfile'), dockerfile(name));
  const compile = [...NODE_FLAGS, join(import.meta.dirname, 'code-cache.ts'), folder];
  await promisify(execFile)(process.execPath, compile);
}

/** `start` is only loaded when it is called: functions-framework starts serving as it is loaded. */
function entry(name: string, file: string): string {
  return `
    import { getFunction, getTestServer } from '@google-cloud/functions-framework/testing';
    import ${JSON.stringify(file)};
    exports[${JSON.stringify(name)}] = getFunction(${JSON.stringify(name)});
    exports.server = () => getTestServer(${JSON.stringify(name)});
    exports.start = () => require('functions-framework-start');
  `;
}

function manifest(name: string) {
  return {
    name: `strongroom-${name}`,
    private: true,
    main: 'index.cjs',
    // Another Node does too, but starts slower: compiled code is good for one version of V8.
    engines: { node: process.versions.node },
    scripts: { start: startOf(name).join(' ') },
  };
}

function startOf(name: string): string[] {
  return ['node', ...NODE_FLAGS, 'index.cjs', `--target=${name}`];
}

/** The image that Cloud Run runs: this very Node, and nothing to install. */
function dockerfile(name: string): string {
  return [
    `FROM node:${process.versions.node}-bookworm-slim`,
    'WORKDIR /function',
    'COPY . .',
    'USER node',
    `CMD ${JSON.stringify(startOf(name))}`,
    '',
  ].join('\n');
}
