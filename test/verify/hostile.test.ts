import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { beforeEach, describe, expect, it } from 'vitest';
import { pairOf } from '../../shared/audit/companies-tree.ts';
import { verifyLog } from '../../verify/verify.mjs';
import { type Checkpoint, fileOf, type Line, PaperHub } from './paper-hub.ts';

let hub: PaperHub;
let jwks: { keys: object[] };

/** Seven entries under three roots of three days. */
beforeEach(async () => {
  hub = new PaperHub();
  for (const count of [3, 2, 2]) {
    hub.write(count);
    await hub.seal();
  }
  jwks = await hub.jwks();
});

type Given = Omit<Parameters<typeof verifyLog>[0], 'jwks' | 'bundle'>;
const verified = (lines: readonly (Line | string)[] | string, given: Given = {}) =>
  verifyLog({ bundle: typeof lines === 'string' ? lines : fileOf(lines), jwks, ...given });
const codes = async (...asked: Parameters<typeof verified>): Promise<string[]> => {
  const { problems } = await verified(...asked);
  return [...new Set(problems.map(({ code }) => code))];
};
const isCheckpoint = (line: Line): line is { checkpoint: Checkpoint } => 'checkpoint' in line;
/** The bundle with its newest checkpoint changed. */
const withNewest = (change: (checkpoint: Checkpoint) => unknown): Line[] => {
  const lines = hub.lines();
  const at = lines.findLastIndex(isCheckpoint);
  return lines.map((line, place) =>
    place === at && isCheckpoint(line) ? { checkpoint: change(line.checkpoint) } : line,
  );
};
const withEntry = (at: number, change: (line: Line) => Line | string): (Line | string)[] =>
  hub.lines().map((line, place) => (place === at + 1 ? change(line) : line));

describe('a bundle of an operator who wants to be believed', () => {
  it('is believed when it is honest', async () => {
    expect(await codes(hub.lines({ unsealed: [hub.waiting()] }))).toEqual([]);
  });

  it('has a company under a root once, however the bytes of its bucket are cut into pairs', async () => {
    // Two histories under one root: one for the merchant, the other for whoever else asks.
    const pairs = [pairOf(hub.companyId, hub.head(4)), pairOf(hub.companyId, hub.head())];
    await hub.seal({ pairs });
    expect(await codes(hub.lines())).toEqual(['CHECKPOINT']);
    // The same 64 bytes, with the border between company and head where none is looked for.
    const hidden = withNewest((checkpoint) => {
      const [, own] = checkpoint.bucket;
      const bytes = pairs[0] ?? Buffer.alloc(0);
      const cut = { company: bytes.toString('base64url', 0, 31), head: bytes.toString('base64url', 31) };
      return { ...checkpoint, bucket: [cut, own] };
    });
    expect(await codes(hidden)).toContain('UNREADABLE');
  });

  it('shows each of its roots in the history of the newest one, and none in the place of another', async () => {
    const without = hub.lines().map((line) => (isCheckpoint(line) ? { checkpoint: line.checkpoint } : line));
    expect(await codes(without)).toEqual(['HISTORY']);
    const first = hub.inclusion(0, 2);
    const borrowed = hub.lines().map((line) => ('history' in line ? { ...line, history: first } : line));
    expect(await codes(borrowed)).toEqual(['HISTORY']);
  });

  it('does not hide a second root of a number behind another spelling of the number', async () => {
    const [first] = hub.checkpoints;
    const said = JSON.parse(hub.statements[0] ?? '') as { n: number; at: string };
    for (const n of ['0', [0], -0.5, null, '00', true]) {
      const other = { ...said, n, at: '2027-01-01T00:00:00.000Z' };
      expect(await codes(hub.lines(), { roots: [first?.root ?? '', await hub.sign(other)] })).toEqual([
        'NOT_A_ROOT',
      ]);
    }
    const twice = (hub.statements[0] ?? '').replace('"n":0', '"n":7,"n":0');
    expect(await codes(hub.lines(), { roots: [await hub.sign(twice)] })).toEqual(['NOT_A_ROOT']);
    // Written as a root has to be it is told for what it is.
    const other = { ...said, at: '2027-01-01T00:00:00.000Z' };
    expect(await codes(hub.lines(), { roots: [await hub.sign(other)] })).toContain('EQUIVOCATION');
  });

  it('never has fewer entries under a later root', async () => {
    await hub.seal({ head: hub.head(4) });
    hub.write(1);
    await hub.seal();
    expect(await codes(hub.lines())).toEqual(['HEAD']);
  });

  it('does not leave out what waited for a root in an earlier bundle', async () => {
    const waiting = hub.waiting();
    const earlier = [fileOf(hub.lines({ unsealed: [waiting] }))];
    expect(await codes(hub.lines({ unsealed: [waiting] }), { earlier })).toEqual([]);
    expect(await codes(hub.lines(), { earlier })).toEqual(['ENTRY']);
    hub.write(1);
    await hub.seal();
    const { problems } = await verified(hub.lines(), { earlier });
    expect(problems).toMatchObject([
      { code: 'ENTRY', text: expect.stringContaining(`The entry ${waiting.id}`) as string },
    ]);
    hub.entries.push(waiting);
    await hub.seal();
    expect(await codes(hub.lines(), { earlier })).toEqual([]);
  });

  it('has nothing waiting for a root that is older than the newest one', async () => {
    const old = hub.entry();
    const { at: _at, ...timeless } = hub.waiting();
    for (const entry of [old, timeless, { ...timeless, at: 5 }, { ...timeless, at: 'then' }]) {
      expect(await codes(hub.lines({ unsealed: [entry] })), JSON.stringify(entry)).toEqual(['ENTRY']);
    }
  });

  it('names what was put into an entry where its hash does not look', async () => {
    const put = (change: object) =>
      withEntry(2, (line) => ({ ...line, entry: { ...(line['entry'] as object), ...change } }));
    for (const change of [{ v: 1 }, { v: { put: 'in' } }, { due: 3 }, { note: 1.5 }, { ['__proto__x']: 1 }]) {
      const { problems } = await verified(put(change));
      expect(problems, JSON.stringify(change)).toMatchObject([
        { code: 'ENTRY', text: expect.stringMatching(/^Entry 2 \(aud_.*changed or put in/) as string },
      ]);
    }
    const proto = withEntry(2, (line) =>
      JSON.stringify(line).replace('{"id":', '{"__proto__":{"result":"refused"},"id":'),
    );
    expect(await codes(proto)).toEqual(['ENTRY']);
    const deep = withEntry(2, (line) =>
      JSON.stringify(line).replace('"facts":{}', `"facts":${'{"a":'.repeat(3000)}1${'}'.repeat(3000)}`),
    );
    expect(await codes(deep)).toEqual(['ENTRY']);
  });

  it('is told by its own earlier bundle also where both have nothing', async () => {
    const none = withEntry(2, (line) => ({ ...line, entry: null }));
    const other = withEntry(2, (line) => ({ ...line, entry: null, leaf: 'A'.repeat(43) }));
    expect(await codes(other, { earlier: [fileOf(none)] })).toEqual(['ENTRY', 'HEAD']);
  });
});

describe('a bundle of somebody who wants it to be misread', () => {
  it('is read as the hub writes it, or not at all', async () => {
    const [head, entry] = hub.lines().map((line) => JSON.stringify(line));
    const replaced = (at: number, line: string) =>
      hub.lines().map((each, place) => (place === at ? line : JSON.stringify(each)));
    const spellings = [
      entry?.replace('"action":"order.opened"', '"action":"order.erased","action":"order.opened"'),
      entry?.replace('order.opened', 'order.opene\\u0064'),
      entry?.replace('"id":null', '"id":1e999'),
      entry?.replace('"facts":{}', '"facts":{"lines":1.0}'),
      ` ${entry ?? ''}`,
      'null',
      '5',
      '[]',
      '{}',
      '"leaf"',
      '{"leaf":"x"}',
      '{"leaf":"x","entry":[]}',
      '{"leaf":"x","entry":5}',
      '{"unsealed":null}',
      '{"extra":null,"index":-1}',
      '{"checkpoint":null}',
      '{"restoration":null}',
      '{"restoration":{"root":"","history":null,"base":null,"before":[],"leaves":["x"]}}',
      '{"end":null}',
      '{"end":{"entries":-1,"unsealed":0,"checkpoints":0}}',
      head ?? '',
      '\u0000',
      `${'['.repeat(100_000)}${']'.repeat(100_000)}`,
    ];
    for (const line of spellings) {
      const found = await codes(replaced(1, line ?? ''));
      expect(found.slice(0, 2), line?.slice(0, 80)).toEqual(['UNREADABLE', 'INCOMPLETE']);
    }
    for (const line of ['{}', 'null', '', '{"strongroom":"log","v":2,"iss":"","companyId":"cmp_"}']) {
      expect((await codes(replaced(0, line)))[0], line).toBe('UNREADABLE');
    }
    expect(await codes([...hub.lines(), { unsealed: hub.entry() }])).toEqual(['UNREADABLE', 'INCOMPLETE']);
    expect(await codes('')).toEqual(['INCOMPLETE', 'NO_ROOT']);
    // A file that went over a machine which ends lines in two characters.
    expect(await codes(fileOf(hub.lines()).replaceAll('\n', '\r\n'))).toEqual([]);
  });

  it('has checkpoints of numbers and hashes alone', async () => {
    const changes: ((checkpoint: Checkpoint) => object)[] = [
      ({ size }) => ({ size: String(size) }),
      () => ({ size: -1 }),
      () => ({ size: 1.5 }),
      () => ({ size: 'length' }),
      () => ({ size: null }),
      ({ n }) => ({ n: String(n) }),
      () => ({ at: 'then' }),
      () => ({ at: '2026-11-20' }),
      ({ head }) => ({ head: `${head}=` }),
      ({ head }) => ({ head: head.slice(1) }),
      ({ path }) => ({ path: path.slice(1) }),
      ({ path }) => ({ path: Object.fromEntries(path.entries()) }),
      () => ({ path: null }),
      () => ({ bucket: null }),
      () => ({ bucket: [null] }),
      () => ({ bucket: { length: 1 } }),
      ({ bucket }) => ({ bucket: bucket.map((pair) => ({ ...pair, company: `${pair.company}A` })) }),
      () => ({ root: null }),
      () => ({ more: 1 }),
    ];
    for (const change of changes) {
      const lines = withNewest((checkpoint) => ({ ...checkpoint, ...change(checkpoint) }));
      expect((await codes(lines))[0], String(change)).toBe('UNREADABLE');
    }
  });

  it('says what is wrong with a signed root instead of breaking at it', async () => {
    const [first = ''] = hub.statements;
    const said = JSON.parse(first) as object;
    const odd = ['null', '[]', '5', '{}', 'not JSON', ` ${first}`];
    const changed = [
      { companies: '1' },
      { at: 'then' },
      { root: 5 },
      { history: null },
      { history: { size: '0', root: '' } },
      { iat: -1 },
      { restored: null },
      { restored: { backup: '', snapshotTime: '2026-11-20T00:00:00.000Z', from: -5 } },
      { more: 1 },
    ].map((change) => JSON.stringify({ ...said, ...change }));
    for (const payload of [...odd, ...changed]) {
      expect(await codes(hub.lines(), { roots: [await hub.sign(payload)] }), payload).toEqual(['NOT_A_ROOT']);
    }
    for (const root of ['', '.', '..', 'a.b.c', 'null', `${first}.${first}`]) {
      expect(await codes(hub.lines(), { roots: [root] }), root).toEqual(['UNKNOWN_KEY']);
    }
  });

  it('proves nothing by what is no proof', async () => {
    const [checkpoint] = hub.checkpoints.slice(-1);
    const entry = hub.entries[2];
    const inclusion = { index: 2, size: 7, path: [] };
    const odd = [
      null,
      {},
      { checkpoint },
      { checkpoint, history: null },
      { entry, inclusion: null, checkpoint },
      { entry: null, inclusion, checkpoint },
      { entry, inclusion: { ...inclusion, index: -1 }, checkpoint },
      { entry, inclusion: { ...inclusion, path: 'x' }, checkpoint },
      { checkpoint, log: { first: '0', size: 7, path: [] }, history: null },
    ];
    for (const proof of odd) {
      expect(await codes(hub.lines(), { proofs: [proof] }), JSON.stringify(proof)).toEqual(['UNREADABLE']);
    }
    expect(await codes(hub.lines(), { proofs: [{ entry, inclusion, checkpoint }] })).toEqual(['PROOF']);
    const grown = { checkpoint, log: { first: 9, size: 7, path: [] }, history: null };
    expect(await codes(hub.lines(), { proofs: [grown] })).toEqual(['PROOF']);
  });

  it('is not read with keys of which two have one name, or with no keys', async () => {
    const { keys } = jwks;
    for (const odd of [undefined, {}, { keys: [null] }, { keys: [{}] }, { keys: [...keys, ...keys] }]) {
      await expect(verifyLog({ bundle: fileOf(hub.lines()), jwks: odd as typeof jwks })).rejects.toThrow();
    }
  });

  it('does not write over the terminal of who checks it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'strongroom-hostile-'));
    try {
      const erased = '\u001b[2K\u001b[1A\rEverything holds: 7 entries \u202e';
      const lines = withEntry(2, (line) => ({
        ...line,
        entry: { ...(line['entry'] as object), id: erased },
      }));
      await writeFile(join(folder, 'log.ndjson'), fileOf(lines));
      await writeFile(join(folder, 'jwks.json'), JSON.stringify(jwks));
      const main = resolve(import.meta.dirname, '../../verify/main.mjs');
      const verify = (...more: string[]) =>
        promisify(execFile)(process.execPath, [main, 'log.ndjson', '--keys', 'jwks.json', ...more], {
          cwd: folder,
        });
      const run = verify();
      const { stdout } = await run.then(
        () => expect.fail('it was believed'),
        (error: unknown) => error as { stdout: string },
      );
      expect(stdout).toContain('ENTRY  Entry 2 (\\u{1b}[2K\\u{1b}[1A\\u{d}Everything holds');
      expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
      // Two answers in one line are no root of either.
      await writeFile(join(folder, 'roots.txt'), '{"root":"x"}{"root":"\u001b[2K"}');
      await expect(verify('--root', 'roots.txt')).rejects.toMatchObject({
        code: 2,
        stderr: 'This is no signed root: {"root":"x"}{"root":"\\u{1b}[2K"}\n',
      });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
