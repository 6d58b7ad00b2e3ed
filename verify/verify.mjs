// @ts-check
/**
 * Checks a company's log, offline: with a bundle (`GET /v1/audit/bundle`), the public keys (`/.well-known/jwks.json`), and
 * whatever the merchant has kept: earlier bundles, signed roots, receipts. Nothing that the hub says of itself is believed.
 */
import { compactVerify, importJWK } from 'jose';
import { consistencyHolds, growingTree, inclusionHolds, leafHash, sha256 } from './merkle.mjs';
import { checkPublished, lostBy, named, restorationOf } from './restored.mjs';

/**
 * @typedef {{ code: string, text: string }} Problem
 * @typedef {{ n: number, at: string, size: number, head: string, bucket: { company: string, head: string }[],
 *   path: string[], root: string }} Checkpoint
 * @typedef {{ index: number, size: number, path: string[] }} Inclusion
 * @typedef {{ entry: any, leaf: string }} Sealed
 * @typedef {{ companyId: string, entries: Sealed[], extra: { entry: any, index: number }[], unsealed: any[],
 *   checkpoints: { checkpoint: Checkpoint, history: Inclusion | null }[],
 *   restorations: import('./restored.mjs').Line[], whole: boolean }} Bundle
 * @typedef {{ id: string, leaf: string }} Receipt
 * @typedef {{ n: number, at: string, root: string, companies: number, history: { size: number, root: string },
 *   restored?: { backup: string, snapshotTime: string, from: number | null },
 *   payload: Buffer, key: number, from: string }} Root
 * @typedef {{ checkpoint: Checkpoint, root: Root, from: string, holds: boolean }} Taken
 * @typedef {import('./restored.mjs').Restoration} Restoration
 * @typedef {{ restorations: Restoration[], notices: Problem[] }} Lost what was restored, and what was lost by it
 */

const BUCKETS = 65_536;
const ROOT_TYP = 'strongroom-root+jwt';
/** Of a root that only says that the logs are those of a backup again. */
const RESTORED_TYP = 'strongroom-restored+jwt';

/**
 * Reads a bundle. A line that is no JSON ends the reading: what follows it can not be told apart.
 *
 * @param {string} text
 * @param {Problem[]} problems
 * @returns {Bundle}
 */
export function readBundle(text, problems) {
  /** @type {Bundle} */
  const bundle = {
    ...{ companyId: '', entries: [], extra: [], unsealed: [], checkpoints: [], restorations: [] },
    whole: false,
  };
  const lines = text.split('\n').filter((line) => line !== '');
  lines.forEach((line, at) => {
    const value = parsed(line);
    if (value === undefined) {
      problems.push({ code: 'UNREADABLE', text: `Line ${at + 1} of the bundle is not JSON.` });
    } else if (value.strongroom === 'log') {
      bundle.companyId = String(value.companyId);
      if (value.v !== 1)
        problems.push({ code: 'UNREADABLE', text: 'The bundle is of a version that is not known here.' });
    } else if (value.leaf !== undefined)
      bundle.entries.push({ entry: value.entry, leaf: String(value.leaf) });
    else if (value.extra !== undefined) bundle.extra.push({ entry: value.extra, index: value.index });
    else if (value.unsealed !== undefined) bundle.unsealed.push(value.unsealed);
    else if (value.checkpoint !== undefined)
      bundle.checkpoints.push({ checkpoint: value.checkpoint, history: value.history ?? null });
    else if (value.restoration !== undefined) bundle.restorations.push(value.restoration);
    else if (value.end !== undefined) {
      bundle.whole =
        at === lines.length - 1 &&
        value.end.entries === bundle.entries.length &&
        value.end.unsealed === bundle.unsealed.length &&
        value.end.checkpoints === bundle.checkpoints.length;
    } else
      problems.push({
        code: 'UNREADABLE',
        text: `Line ${at + 1} of the bundle is of no kind that is known here.`,
      });
  });
  if (bundle.companyId === '')
    problems.push({ code: 'UNREADABLE', text: 'This is not a bundle: its first line does not say so.' });
  if (!bundle.whole) {
    problems.push({
      code: 'INCOMPLETE',
      text: 'The bundle broke off: its last line does not count what is in it.',
    });
  }
  return bundle;
}

/**
 * Checks everything that was given, and says in words what does not hold. An empty list of problems: all of it holds.
 * `notices` are what the hub itself says, signed and in its history, of logs that were restored from a backup.
 *
 * @param {{
 *   bundle: string,
 *   jwks: { keys: any[] },
 *   earlier?: string[],
 *   roots?: string[],
 *   proofs?: any[],
 *   receipts?: string[],
 * }} given
 * @returns {Promise<{ problems: Problem[], notices: Problem[], companyId: string, entries: number, unsealed: number, checkpoints: number,
 *   receipts: number, until: string }>}
 */
export async function verifyLog({
  bundle: text,
  jwks,
  earlier = [],
  roots = [],
  proofs = [],
  receipts = [],
}) {
  /** @type {Problem[]} */
  const problems = [];
  /** @type {Problem[]} */
  const notices = [];
  const bundle = readBundle(text, problems);
  const others = earlier.map((each) => readBundle(each, problems));
  checkEntries(bundle, problems);
  const heads = headsOf(bundle.entries.map(({ leaf }) => bytes(leaf)));

  /** @type {Root[]} */
  const signed = [];
  /** @type {{ inclusion: Inclusion, root: Root }[]} */
  const histories = [];
  /** @type {Taken[]} */
  const taken = [];
  const take = async (
    /** @type {Checkpoint} */ checkpoint,
    /** @type {Inclusion | null} */ history,
    /** @type {string} */ from,
  ) => {
    const root = await openRoot(checkpoint.root, `checkpoint ${checkpoint.n}`, jwks, problems);
    if (root === undefined) return undefined;
    signed.push(root);
    const holds = checkCheckpoint(checkpoint, root, bundle.companyId, problems);
    taken.push({ checkpoint, root, from, holds });
    if (history !== null) histories.push({ inclusion: history, root });
    return root;
  };
  const newest = bundle.checkpoints.at(-1);
  /** @type {Root | undefined} */
  let newestRoot;
  for (const { checkpoint } of bundle.checkpoints) {
    newestRoot = await take(checkpoint, null, 'this bundle');
  }
  for (const { history } of bundle.checkpoints) {
    if (history !== null && newestRoot !== undefined)
      histories.push({ inclusion: history, root: newestRoot });
  }
  /** @type {Restoration[]} */
  const restorations = [];
  const own = [...taken];
  for (const line of newestRoot === undefined ? [] : bundle.restorations) {
    const root = await openRoot(line.root, 'a restoration', jwks, problems);
    const base =
      line.base === null ? undefined : await openRoot(line.base, 'the root of a backup', jwks, problems);
    if (root === undefined || newestRoot === undefined) continue;
    signed.push(root, ...(base === undefined ? [] : [base]));
    const restoration = restorationOf(line, { root, base, newest: newestRoot, own }, problems);
    if (restoration !== undefined) restorations.push(restoration);
  }
  notices.push(...restorations.map(named));
  for (const other of others) {
    if (other.companyId !== bundle.companyId) {
      const text = `An earlier bundle is of ${other.companyId}, not of ${bundle.companyId}.`;
      problems.push({ code: 'OTHER_COMPANY', text });
      continue;
    }
    for (const { checkpoint } of other.checkpoints) await take(checkpoint, null, 'an earlier bundle');
  }
  for (const [at, jws] of roots.entries()) {
    const root = await openRoot(jws, `root ${at + 1} of those given`, jwks, problems);
    if (root !== undefined) signed.push(root);
  }
  for (const proof of proofs) {
    await take(proof.checkpoint, proof.history ?? null, 'a proof');
    checkProof(proof, heads, problems);
  }
  for (const history of histories) checkHistory(history, signed, problems);
  const lost = { restorations, notices };
  for (const each of taken) checkHead(each, heads, problems, lost);
  checkRoots(signed, problems, restorations);
  checkPublished(signed, restorations, problems);
  /** What a restore took back, by id: its leaf. @type {Map<string, string>} */
  const gone = new Map();
  for (const other of others.filter(({ companyId }) => companyId === bundle.companyId)) {
    const under = taken.find(({ checkpoint }) => checkpoint === other.checkpoints.at(-1)?.checkpoint);
    for (const { entry, leaf } of checkOlder(other, under, bundle, problems, lost)) gone.set(entry?.id, leaf);
  }
  const read = receipts.flatMap((line) => readReceipt(line, problems));
  checkReceipts(read, bundle, problems, { restorations, gone });

  if (newest === undefined) problems.push({ code: 'NO_ROOT', text: 'The bundle has no signed root.' });
  else if (newest.checkpoint.size !== bundle.entries.length) {
    const [has, says] = [bundle.entries.length, newest.checkpoint.size];
    problems.push({
      code: 'TRUNCATED',
      text: `The newest root is over ${says} entries; the bundle has ${has}.`,
    });
  }
  return {
    problems,
    notices,
    companyId: bundle.companyId,
    entries: bundle.entries.length,
    unsealed: bundle.unsealed.length,
    checkpoints: signed.length,
    receipts: read.length,
    until: newest?.checkpoint.at ?? '',
  };
}

/**
 * That each entry is what its leaf was made of. So one that was changed, taken away or put in is known by itself: the
 * leaves stand under signed heads.
 *
 * @param {Bundle} bundle
 * @param {Problem[]} problems
 */
function checkEntries({ companyId, entries, extra, unsealed }, problems) {
  const wrong = (/** @type {string} */ code, /** @type {string} */ text) => {
    problems.push({ code, text });
  };
  const seen = new Map();
  entries.forEach(({ entry, leaf }, at) => {
    if (entry === null) return wrong('ENTRY', `Entry ${at} is gone. Its leaf was ${leaf}.`);
    const name = nameOf(entry, at);
    const own = leafOf(entry);
    if (own !== leaf) {
      const place = entries.findIndex((each) => each.leaf === own);
      const was =
        place < 0 ? 'is not what was sealed: it was changed or put in' : `was sealed as entry ${place}`;
      wrong('ENTRY', `${name} ${was}. The leaf of entry ${at} was ${leaf}.`);
    }
    if (seen.has(entry.id))
      wrong('ENTRY', `${name} is there twice: it is entry ${seen.get(entry.id)} already.`);
    seen.set(entry.id, at);
    if (entry.companyId !== companyId) wrong('OTHER_COMPANY', `${name} is not of this company.`);
  });
  for (const { entry, index } of extra)
    wrong('ENTRY', `${nameOf(entry, index)} was put in beside the one that was sealed.`);
  unsealed.forEach((entry) => {
    if (seen.has(entry.id))
      wrong('ENTRY', `The entry ${entry.id} is there twice: it is entry ${seen.get(entry.id)} already.`);
    if (entry.companyId !== companyId)
      wrong('OTHER_COMPANY', `The entry ${entry.id} is not of this company.`);
  });
}

/** @param {any} entry */
function leafOf(entry) {
  return leafHash(Buffer.from(canonical(entry), 'utf8')).toString('base64url');
}

/**
 * The root of the tree at each size.
 *
 * @param {Buffer[]} leaves
 */
function headsOf(leaves) {
  const tree = growingTree();
  const roots = [tree.root().toString('base64url')];
  for (const leaf of leaves) {
    tree.add(leaf);
    roots.push(tree.root().toString('base64url'));
  }
  return roots;
}

/**
 * A signed root: its signature, its type, and that it is a root at all.
 *
 * @param {string} jws
 * @param {string} from
 * @param {{ keys: any[] }} jwks
 * @param {Problem[]} problems
 * @returns {Promise<Root | undefined>}
 */
async function openRoot(jws, from, jwks, problems) {
  const kid = headerOf(jws)?.kid;
  const key = jwks.keys.findIndex((each) => each.kid === kid);
  if (key < 0) {
    problems.push({
      code: 'UNKNOWN_KEY',
      text: `The signature of ${from} is by a key that is not among the public keys.`,
    });
    return undefined;
  }
  try {
    const { payload, protectedHeader } = await compactVerify(jws, await importJWK(jwks.keys[key], 'ES256'), {
      algorithms: ['ES256'],
    });
    const root = JSON.parse(Buffer.from(payload).toString('utf8'));
    if (protectedHeader.typ !== (root.restored === undefined ? ROOT_TYP : RESTORED_TYP)) {
      problems.push({
        code: 'NOT_A_ROOT',
        text: `What is signed for ${from} is a statement of another kind.`,
      });
      return undefined;
    }
    return { ...root, payload: Buffer.from(payload), key, from };
  } catch {
    problems.push({ code: 'SIGNATURE', text: `The signature of ${from} does not hold.` });
    return undefined;
  }
}

/**
 * That a checkpoint says what its root says, and leads from the company's head to the root, once.
 *
 * @param {Checkpoint} checkpoint
 * @param {Root} root
 * @param {string} companyId
 * @param {Problem[]} problems
 * @returns {boolean}
 */
function checkCheckpoint(checkpoint, root, companyId, problems) {
  const { n, at, size, head, bucket, path } = checkpoint;
  const before = problems.length;
  const wrong = (/** @type {string} */ what) => {
    problems.push({ code: 'CHECKPOINT', text: `Checkpoint ${n} ${what}.` });
  };
  if (root.n !== n || root.at !== at) wrong('has another number or time than its signed root');
  const company = sha256(Buffer.from(`company/${companyId}`));
  const pairs = bucket.map((pair) => Buffer.concat([bytes(pair.company), bytes(pair.head)]));
  const sorted = bucket.every((pair, place) => {
    const before = bucket[place - 1];
    return before === undefined || bytes(before.company).compare(bytes(pair.company)) < 0;
  });
  // Sorted and without a repeat: nobody is under a root twice, with one head for you and one for others.
  if (!sorted) wrong('has companies that are not sorted, or one twice');
  const own = bucket.find((pair) => bytes(pair.company).equals(company));
  // A backup may be older than your first entry under a root: then you are not in its tree.
  const absent = own === undefined && size === 0 && root.restored !== undefined;
  if (!absent && (own === undefined || !bytes(own.head).equals(headHash(size, head)))) {
    wrong(`does not have your log of ${size} entries under its root`);
  }
  const tree = growingTree();
  for (const pair of pairs) tree.add(leafHash(pair));
  const proof = { index: company.readUInt16BE(0), size: BUCKETS, leaf: tree.root(), path: path.map(bytes) };
  if (!inclusionHolds({ ...proof, root: bytes(root.root) })) wrong('does not lead to its signed root');
  return problems.length === before;
}

/**
 * That the log as it is now had this head when it was of this size.
 *
 * @param {Taken} taken
 * @param {string[]} heads
 * @param {Problem[]} problems
 * @param {Lost} lost
 */
function checkHead({ checkpoint, root, from }, heads, problems, { restorations, notices }) {
  const { n, at, size, head } = checkpoint;
  if (heads[size] === head) return;
  const restoration = lostBy(root, size, restorations);
  if (restoration !== undefined) {
    const text = `Checkpoint ${n} (${at}, in ${from}) was over ${size} entries, of which ${restoration.size} came back.`;
    notices.push({ code: 'LOST', text });
    return;
  }
  const what =
    size >= heads.length
      ? `was over ${size} entries, of which ${heads.length - 1} are left`
      : `does not have the head of the first ${size} entries as they are now`;
  problems.push({ code: 'HEAD', text: `The signed head of checkpoint ${n} (${at}, in ${from}) ${what}.` });
}

/**
 * What the signed roots say of each other: one of each number, times that go on, keys that do not come back, companies
 * that do not get fewer.
 *
 * @param {Root[]} signed
 * @param {Problem[]} problems
 * @param {Restoration[]} restorations
 */
function checkRoots(signed, problems, restorations) {
  const sorted = [...signed].sort((a, b) => a.n - b.n);
  sorted.forEach((root, place) => {
    const before = sorted[place - 1];
    if (root.history.size !== root.n) {
      problems.push({ code: 'HISTORY', text: `Root ${root.n} has a history of ${root.history.size} roots.` });
    }
    if (before === undefined) return;
    if (before.n === root.n) {
      if (!before.payload.equals(root.payload)) {
        problems.push({
          code: 'EQUIVOCATION',
          text: `There are two different signed roots of the number ${root.n} (${before.from}, ${root.from}): keep both, they are the proof.`,
        });
      }
      return;
    }
    if (!(Date.parse(before.at) < Date.parse(root.at))) {
      problems.push({
        code: 'TIME',
        text: `Root ${root.n} (${root.at}) is not later than root ${before.n} (${before.at}).`,
      });
    }
    // The public keys are listed with the newest first.
    if (root.key > before.key) {
      problems.push({
        code: 'RETIRED_KEY',
        text: `Root ${root.n} is signed by a key that had been replaced when root ${before.n} was signed.`,
      });
    }
    // A backup does not have the companies that came later.
    const restored = restorations.some(({ root: { n } }) => n === root.n);
    if (root.companies < before.companies && !restored) {
      problems.push({
        code: 'HISTORY',
        text: `Root ${root.n} is over fewer companies than root ${before.n}.`,
      });
    }
  });
}

/**
 * That an earlier root is in the history of a later one.
 *
 * @param {{ inclusion: Inclusion, root: Root }} history
 * @param {Root[]} signed
 * @param {Problem[]} problems
 */
function checkHistory({ inclusion, root }, signed, problems) {
  const { index, size, path } = inclusion;
  const before = signed.filter((each) => each.n === index);
  const to = { size: root.history.size, root: bytes(root.history.root) };
  const holds = before.some(
    ({ payload }) =>
      size === to.size && inclusionHolds({ index, path: path.map(bytes), leaf: leafHash(payload), ...to }),
  );
  if (!holds)
    problems.push({ code: 'HISTORY', text: `Root ${index} is not in the history of root ${root.n}.` });
}

/**
 * One proof as the API answers it: of an entry, or of growth since an earlier root.
 *
 * @param {any} proof
 * @param {string[]} heads
 * @param {Problem[]} problems
 */
function checkProof({ entry, inclusion, log, checkpoint }, heads, problems) {
  const head = bytes(checkpoint.head);
  if (inclusion !== undefined) {
    const { leaf: _, ...own } = entry;
    const { index, size, path } = inclusion;
    const proof = { index, size, path: path.map(bytes), leaf: bytes(leafOf(own)), root: head };
    if (size !== checkpoint.size || !inclusionHolds(proof)) {
      problems.push({
        code: 'PROOF',
        text: `${nameOf(own, index)} is not under the head of checkpoint ${checkpoint.n}.`,
      });
    }
  }
  if (log !== undefined) {
    const { first, size, path } = log;
    const proof = {
      first,
      second: size,
      firstRoot: bytes(heads[first]),
      secondRoot: head,
      path: path.map(bytes),
    };
    if (size !== checkpoint.size || !consistencyHolds(proof)) {
      problems.push({
        code: 'PROOF',
        text: `Checkpoint ${checkpoint.n} does not only add to the first ${first} entries.`,
      });
    }
  }
}

/**
 * Names each entry that an earlier bundle has and this one has not, or has otherwise. Answers those that a restore took
 * back.
 *
 * @param {Bundle} older
 * @param {Taken | undefined} under its newest checkpoint
 * @param {Bundle} bundle
 * @param {Problem[]} problems
 * @param {Lost} lost
 */
function checkOlder(older, under, { entries }, problems, { restorations, notices }) {
  return older.entries.filter(({ entry, leaf }, at) => {
    if (entries[at]?.leaf === leaf) return false;
    const now = entries.findIndex((each) => each.leaf === leaf);
    const same = entries[at]?.entry;
    const what =
      now >= 0
        ? `is entry ${now} now`
        : same?.id === entry?.id && same !== undefined
          ? `was changed: ${changes(entry, same)}`
          : 'is gone';
    const restored = under !== undefined && lostBy(under.root, at + 1, restorations) !== undefined;
    const text = `${nameOf(entry, at)} of an earlier bundle ${what}.`;
    (restored ? notices : problems).push({ code: restored ? 'LOST' : 'ENTRY', text });
    return restored;
  });
}

/**
 * @param {string} line
 * @param {Problem[]} problems
 * @returns {Receipt[]}
 */
function readReceipt(line, problems) {
  const found = /^(?:audit-entry:\s*)?(aud_[0-9a-z]{26});\s*leaf=([\w-]{43})$/i.exec(line.trim());
  if (found?.[1] !== undefined && found[2] !== undefined) return [{ id: found[1], leaf: found[2] }];
  problems.push({ code: 'UNREADABLE', text: `This is no receipt: ${line.trim().slice(0, 80)}` });
  return [];
}

/**
 * @param {Receipt[]} receipts
 * @param {Bundle} bundle
 * @param {Problem[]} problems
 * @param {{ restorations: Restoration[], gone: Map<string, string> }} lost
 */
function checkReceipts(receipts, { entries, unsealed }, problems, { restorations, gone }) {
  const all = [...entries.map(({ entry }) => entry), ...unsealed];
  const byId = new Map(all.filter((entry) => entry !== null).map((entry) => [entry.id, leafOf(entry)]));
  for (const { id, leaf } of receipts) {
    const found = byId.get(id);
    // Of what a restore took back an earlier bundle shows that it had been sealed since the backup.
    if (found === leaf || (found === undefined && gone.get(id) === leaf)) continue;
    const times = restorations.map(({ root }) => `${root.restored?.snapshotTime} and ${root.at}`);
    const maybe =
      times.length === 0 ? '' : ` If you got it between ${times.join(', or ')}, a restore lost it.`;
    const what =
      found === undefined
        ? 'is not in the log'
        : 'is in the log otherwise than it was when you got its receipt';
    problems.push({
      code: 'RECEIPT',
      text: `The entry ${id}, of which you have a receipt, ${what}.${maybe}`,
    });
  }
}

/**
 * RFC 8785 of an entry with `"v":1`, as far as entries go: strings, integers, booleans, null, and objects of these.
 *
 * @param {any} entry
 */
export function canonical(entry) {
  return sorted({ ...entry, v: 1 });
}

/**
 * @param {any} value
 * @returns {string}
 */
function sorted(value) {
  if (Array.isArray(value)) return `[${value.map(sorted).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${sorted(member)}`).join(',')}}`;
}

/**
 * @param {number} size
 * @param {string} root
 */
function headHash(size, root) {
  const head = Buffer.alloc(9);
  head.writeUInt8(2);
  head.writeBigUInt64BE(BigInt(size), 1);
  return sha256(head, bytes(root));
}

/** @param {any} text */
function bytes(text) {
  return Buffer.from(String(text), 'base64url');
}

/**
 * @param {any} entry
 * @param {number} at
 */
function nameOf(entry, at) {
  return `Entry ${at} (${String(entry?.id)}, ${String(entry?.action)}, ${String(entry?.at)})`;
}

/**
 * @param {any} before
 * @param {any} now
 */
function changes(before, now) {
  const names = [...new Set([...Object.keys(before), ...Object.keys(now)])];
  return names.filter((name) => sorted(before[name] ?? null) !== sorted(now[name] ?? null)).join(', ');
}

/** @param {string} text */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** @param {string} jws */
function headerOf(jws) {
  return parsed(Buffer.from(String(jws).split('.')[0] ?? '', 'base64url').toString('utf8'));
}
