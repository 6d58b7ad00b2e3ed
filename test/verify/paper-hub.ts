import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { CompactSign, exportJWK, type JWK } from 'jose';
import { newEntry } from '../../shared/audit/append.ts';
import { hashedCompany, pairOf, proofOf } from '../../shared/audit/companies-tree.ts';
import { type AuditEntry, leafHash } from '../../shared/audit/entry.ts';
import { hashLeaf, hashNode, inclusionRuns, rootOf } from '../../shared/crypto/merkle.ts';
import { randomId } from '../../shared/domain/ids.ts';

const START = Date.parse('2026-11-20T00:00:00.000Z');
const HOUR = 60 * 60_000;
export const KID = 'key';

export interface Pair {
  company: string;
  head: string;
}
export interface Checkpoint {
  n: number;
  at: string;
  size: number;
  head: string;
  bucket: Pair[];
  path: string[];
  root: string;
}
export type Line = Record<string, unknown>;

const text = (hash: Uint8Array): string => Buffer.from(hash).toString('base64url');
const texts = (bytes: Buffer, length: number): string[] =>
  Array.from({ length: bytes.length / length }, (_, at) =>
    text(bytes.subarray(at * length, (at + 1) * length)),
  );

/**
 * A hub on paper: it makes logs, trees and signed roots as the real one does, and as an operator may who holds the key
 * and every document. What is done wrong is done by the test.
 */
export class PaperHub {
  readonly companyId = randomId('company');
  readonly entries: AuditEntry[] = [];
  readonly statements: string[] = [];
  readonly checkpoints: Checkpoint[] = [];
  readonly #keys: { privateKey: KeyObject; publicKey: KeyObject } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
  });

  async jwks(): Promise<{ keys: JWK[] }> {
    return { keys: [{ ...(await exportJWK(this.#keys.publicKey)), kid: KID, alg: 'ES256', use: 'sig' }] };
  }

  sign(payload: object | string, typ = 'strongroom-root+jwt'): Promise<string> {
    const bytes = Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload));
    return new CompactSign(bytes)
      .setProtectedHeader({ alg: 'ES256', kid: KID, typ })
      .sign(this.#keys.privateKey);
  }

  entry(at = START + this.entries.length * HOUR): AuditEntry {
    return newEntry(
      {
        ...{ companyId: this.companyId, actor: { type: 'system', id: null }, action: 'order.opened' },
        ...{ record: { type: 'order', id: randomId('order') }, requestId: randomId('request') },
        ...{ result: 'done', facts: {} },
      },
      { now: () => at },
    );
  }

  /** One that was written since the newest root. */
  waiting(): AuditEntry {
    return this.entry(Date.parse(this.checkpoints.at(-1)?.at ?? '') + 60_000);
  }

  write(count: number): void {
    for (let n = 0; n < count; n += 1) this.entries.push(this.entry());
  }

  leaves(): Buffer[] {
    return this.entries.map((entry) => Buffer.from(leafHash(entry), 'base64url'));
  }

  head(size = this.entries.length): { size: number; root: string } {
    return { size, root: text(rootOf(this.leaves().slice(0, size))) };
  }

  /** The next root, over the log as it is; `pairs`: what is in the company's bucket, 64 bytes each. */
  async seal({
    head = this.head(),
    pairs = [pairOf(this.companyId, head)],
  }: { head?: { size: number; root: string }; pairs?: Buffer[] } = {}): Promise<void> {
    // All other buckets are empty.
    const path = texts(proofOf(new Map(), this.companyId).path, 32);
    const n = this.statements.length;
    const at = new Date(START + 1000 * HOUR + n * 24 * HOUR).toISOString();
    const before = this.statements.map((each) => hashLeaf(Buffer.from(each)));
    const statement = JSON.stringify({
      ...{ iss: 'https://hub.example', iat: Math.floor(Date.parse(at) / 1000), n, at, companies: 1 },
      root: text(this.#rootOver(pairs, path)),
      history: { size: n, root: text(rootOf(before)) },
    });
    this.statements.push(statement);
    this.checkpoints.push({
      ...{ n, at, size: head.size, head: head.root, path, root: await this.sign(statement) },
      bucket: pairs.map((pair) => ({ company: text(pair.subarray(0, 32)), head: text(pair.subarray(32)) })),
    });
  }

  #rootOver(pairs: Buffer[], path: string[]): Buffer {
    const place = hashedCompany(this.companyId).readUInt16BE(0);
    return path.reduce(
      (own, each, height) => {
        const other = Buffer.from(each, 'base64url');
        return (place >> height) % 2 === 1 ? hashNode(other, own) : hashNode(own, other);
      },
      rootOf(pairs.map(hashLeaf)),
    );
  }

  /** Where the root `index` is in the history of the root `size`. */
  inclusion(index: number, size: number): { index: number; size: number; path: string[] } {
    const leaves = this.statements.map((each) => hashLeaf(Buffer.from(each)));
    const path = inclusionRuns(index, size).map(({ start, end }) => text(rootOf(leaves.slice(start, end))));
    return { index, size, path };
  }

  /** The lines of a bundle, as `GET /v1/audit/bundle` would answer it. */
  lines({ unsealed = [] as object[] } = {}): Line[] {
    const newest = this.checkpoints.at(-1);
    const older = this.checkpoints.slice(0, -1);
    const size = newest?.size ?? 0;
    return [
      { strongroom: 'log', v: 1, iss: 'https://hub.example', companyId: this.companyId },
      ...this.entries.slice(0, size).map((entry) => ({ leaf: leafHash(entry), entry })),
      ...unsealed.map((entry) => ({ unsealed: entry })),
      ...older.map((checkpoint) => ({
        checkpoint,
        history: this.inclusion(checkpoint.n, newest?.n ?? 0),
      })),
      { checkpoint: newest },
      { end: { entries: size, unsealed: unsealed.length, checkpoints: this.checkpoints.length } },
    ];
  }
}

/** Lines as they are sent. */
export function fileOf(lines: readonly (Line | string)[]): string {
  return lines.map((line) => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`).join('');
}
