import { describe, expect, it } from 'vitest';
import { rootOf } from '../../shared/crypto/merkle.ts';
import { growingTree, leafHash } from '../../verify/merkle.mjs';
import { checkPublished, lostBy, restorationOf } from '../../verify/restored.mjs';

type Input = Parameters<typeof restorationOf>;
type Root = Input[1]['root'];
type Line = Input[0];

const text = (hash: Buffer): string => hash.toString('base64url');
/** Of 65 536 buckets without anybody in them. */
const NO_COMPANIES = rootOf(Array.from({ length: 65_536 }, () => rootOf([])));
const treeOf = (roots: Root[]) => {
  const tree = growingTree();
  for (const { payload } of roots) tree.add(leafHash(payload));
  return tree;
};

/** Roots 0 to 6 over a growing number of companies; 7 says that all is as under `from` again; 8 and 9 follow it. */
function hub(from: number | null = 3, change: Partial<Root> = {}) {
  const roots: Root[] = [];
  const add = (said: Partial<Root>): Root => {
    const n = roots.length;
    const history = { size: n, root: text(treeOf(roots).root()) };
    const root = { n, at: '', root: `tree ${String(n)}`, companies: n, history, key: 0, from: '', ...said };
    const { key: _key, from: _from, ...statement } = root;
    const opened = { ...root, payload: Buffer.from(JSON.stringify(statement)) };
    roots.push(opened);
    return opened;
  };
  for (let n = 0; n < 7; n += 1) add({});
  const restored = { backup: '20261125T0600Z', snapshotTime: '2026-11-25T06:00:00.000Z', from };
  const as =
    from === null
      ? { root: text(NO_COMPANIES), companies: 0 }
      : { root: `tree ${String(from)}`, companies: from };
  const root = add({ ...as, restored, ...change });
  add({});
  const newest = add({});
  const base = from === null ? undefined : roots[from];
  return { roots, root, newest, base, line: lineOf(roots, from) };
}

/** What a bundle shows of root 7 when root 9 is the newest: two roots are behind it. */
function lineOf(roots: Root[], from: number | null): Line {
  const leaves = roots.map(({ payload }) => leafHash(payload));
  const pair = (at: number): Buffer => treeOf(roots.slice(at, at + 2)).root();
  const before = { 3: [pair(0), leaves[2] ?? Buffer.alloc(0)] }[from ?? -1] ?? [];
  // In a tree of nine leaves the eighth: its neighbour, two pairs, and the ninth.
  const path = [leaves[6], pair(4), treeOf(roots.slice(0, 4)).root(), leaves[8]];
  return {
    ...{ root: '', base: null, before: before.map(text) },
    history: { index: 7, size: 9, path: path.map((hash) => text(hash ?? Buffer.alloc(0))) },
    leaves: leaves.slice(from ?? 0, 7).map(text),
  };
}

/** What is made of it, and what is said. */
function opened({ line, root, base, newest }: ReturnType<typeof hub>, size: number | null = 10) {
  const checkpoint = { n: root.n, at: '', size: size ?? 0, head: '', bucket: [], path: [], root: '' };
  const own = size === null ? [] : [{ checkpoint, root, from: '', holds: true }];
  const problems: { code: string; text: string }[] = [];
  const restoration = restorationOf(line, { root, base, newest, own }, problems);
  return { restoration, said: problems.map(({ text: told }) => told).join() };
}

describe('a root that says that the logs were restored', () => {
  it('excuses what was sealed between the backup and itself, beyond what came back', () => {
    const all = hub();
    const { restoration, said } = opened(all);
    expect(said).toBe('');
    const restorations = restoration === undefined ? [] : [restoration];
    const excused = (n: number, size: number) =>
      all.roots.filter((root) => root.n === n && lostBy(root, size, restorations) !== undefined).length === 1;
    expect([2, 3, 4, 6, 7, 8].map((n) => excused(n, 11))).toEqual([false, false, true, true, false, false]);
    // Of what came back every entry has to be there.
    expect(excused(4, 10)).toBe(false);
  });

  it('of a backup without any root is over no company', () => {
    expect(opened(hub(null)).said).toBe('');
    expect(opened(hub(null, { companies: 1 })).said).toContain('over other logs');
    // Else one company alone could be taken back, to any length, and all others see their logs whole.
    expect(opened(hub(null, { root: text(treeOf([]).root()) })).said).toContain('over other logs');
  });

  it('excuses nothing while it does not show how much of a log came back', () => {
    const all = hub();
    const { restoration } = opened(all, null);
    const [root] = all.roots.filter(({ n }) => n === 5);
    expect(root && restoration && lostBy(root, 1_000_000, [restoration])).toBeUndefined();
  });

  it('is none over another tree, of another base, out of another history, or with other roots before it', () => {
    expect(opened(hub(3, { root: 'tree 2' })).said).toContain('over other logs');
    expect(opened(hub(3, { companies: 2 })).said).toContain('over other logs');
    const all = hub();
    const [, , two, three] = all.roots;
    expect(opened({ ...all, base: two }).said).toContain('over other logs');
    expect(opened({ ...all, base: undefined }).said).toContain('over other logs');
    const forged = three && { ...three, payload: Buffer.from('{}') };
    expect(opened({ ...all, base: forged }).said).toContain('over other logs');
    const other = { ...all.root, payload: Buffer.from('{}') };
    expect(opened({ ...all, root: other }).said).toContain('not in the history');
    expect(opened({ ...all, line: { ...all.line, history: null } }).said).toContain('not in the history');
    const [first = '', ...rest] = all.line.leaves;
    for (const leaves of [rest, [...rest, first], [first, first, ...rest.slice(1)], []]) {
      expect(opened({ ...all, line: { ...all.line, leaves } }).said).toContain('not those of its history');
    }
    const before = all.line.before.toReversed();
    expect(opened({ ...all, line: { ...all.line, before } }).said).toContain('not those of its history');
    const { restored: _restored, ...plain } = all.root;
    expect(opened({ ...all, root: plain }).said).toContain('does not say that the logs were restored');
    // It can not go back to what came after it.
    expect(opened(hub(8)).restoration).toBeUndefined();
  });

  it('names what was published before it: whatever else has one of those numbers is told', () => {
    const all = hub();
    const { restoration } = opened(all);
    const told = (root: Root): number => {
      const problems: { code: string; text: string }[] = [];
      checkPublished([root], restoration === undefined ? [] : [restoration], problems);
      return problems.filter(({ code }) => code === 'EQUIVOCATION').length;
    };
    expect(all.roots.map(told)).toEqual(all.roots.map(() => 0));
    const alone = all.roots.map((root) => told({ ...root, payload: Buffer.from('{"alone":true}') }));
    expect(alone).toEqual([0, 0, 0, 0, 1, 1, 1, 0, 0, 0]);
  });
});
