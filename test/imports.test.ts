import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '..');

/** The layers, lowest first. A file may import its own folder and every lower layer. */
const LAYERS: string[][] = [
  ['shared/domain'],
  ['shared/crypto'],
  ['shared/cloud'],
  ['shared/audit'],
  ['shared/factors', 'shared/outbox'],
  [
    'shared/billing',
    'shared/commerce',
    'shared/deliveries',
    'shared/orders',
    'shared/accounts',
    'shared/staff',
    'shared/support',
    'shared/partners',
    'shared/stock',
    'shared/catalogue',
  ],
  ['shared/ownership'],
  ['shared/backups'],
  ['shared/http'],
  ['functions'],
  ['local'],
  ['infra'],
  ['bench'],
  ['test'],
];

function sources(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name));
}

function importsOf(file: string): string[] {
  return relativeImports(readFileSync(join(ROOT, file), 'utf8'), file);
}

function relativeImports(text: string, file: string): string[] {
  return [...text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)].map((match) =>
    relative(ROOT, resolve(ROOT, dirname(file), match[1] ?? '')),
  );
}

/** The same without what is imported for its type alone, of which nothing is left when the file runs. */
function loadedBy(file: string): string[] {
  const text = readFileSync(join(ROOT, file), 'utf8').replace(/^import type [^;]+;$/gm, '');
  return relativeImports(text, file);
}

function roomOf(file: string): string {
  return LAYERS.flat().find((room) => file.startsWith(`${room}/`)) ?? '';
}

function levelOf(file: string): number {
  return LAYERS.findIndex((layer) => layer.includes(roomOf(file)));
}

const files = LAYERS.flat().flatMap(sources);

describe('imports', () => {
  it('every source file lives in a folder that the layers name', () => {
    const outside = ['functions', 'shared', 'local', 'infra', 'bench', 'test']
      .flatMap(sources)
      .filter((file) => levelOf(file) < 0);
    expect(outside).toEqual([]);
  });

  it('go one way: from the functions down to the domain', () => {
    const wrong = files.flatMap((file) =>
      importsOf(file)
        .filter((target) => {
          const own = roomOf(file) === roomOf(target);
          return own ? roomOf(file) === 'functions' : levelOf(target) >= levelOf(file);
        })
        .map((target) => `${file} -> ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  it('nothing that is deployed imports what only runs on one machine', () => {
    const wrong = [...sources('functions'), ...sources('shared')].flatMap((file) =>
      importsOf(file).filter((target) => /^(local|test|bench|infra)\//.test(target)),
    );
    expect(wrong).toEqual([]);
  });

  it('nothing that the staff’s desk runs can open: no keyring, no KMS, no grants', () => {
    const seen = new Set<string>();
    const visit = (file: string): void => {
      if (seen.has(file)) return;
      seen.add(file);
      loadedBy(file).forEach(visit);
    };
    visit('functions/support.ts');
    const opening = /keyring|\/kms\.ts$|\/grants\.ts$|\/disclose(?:-api)?\.ts$|shared\/orders\/open/;
    expect([...seen].filter((file) => opening.test(file))).toEqual([]);
  });

  it('nothing that is deployed opens a connection of its own: calls out go through egress', () => {
    // What speaks to Google, to our own functions inside, and to the server that takes letters.
    const own = /^shared\/cloud\/(?:egress|internal|mail)\.ts$/;
    const opening =
      /(?<![.\w])fetch\(|(?:from|import\()\s*'(?:undici|axios|got|gaxios|node-fetch|ws)'|\b(?:https?|http2|net|tls|dgram)\.(?:request|get|connect|createConnection|Socket)\b|import (?!type)[^;]*\b(?:request|get|connect|createConnection|Socket|Agent|TLSSocket)\b[^;]*from 'node:(?:https?|http2|net|tls|dgram)'|new (?:WebSocket|EventSource|XMLHttpRequest)\b|node:child_process/;
    const wrong = [...sources('functions'), ...sources('shared')].filter(
      (file) => !own.test(file) && opening.test(readFileSync(join(ROOT, file), 'utf8')),
    );
    expect(wrong).toEqual([]);
    expect(opening.test(readFileSync(join(ROOT, 'shared/cloud/egress.ts'), 'utf8'))).toBe(true);
    for (const line of ["await fetch('x')", "import { request } from 'node:https';", "https.get('x')"]) {
      expect(opening.test(line)).toBe(true);
    }
  });

  it('there are no barrels and no rooms for odds and ends', () => {
    expect(files.filter((file) => /\/(index|utils|helpers|types)\.ts$/.test(file))).toEqual([]);
  });
});
