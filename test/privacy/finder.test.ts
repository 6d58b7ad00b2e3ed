import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { deflateSync, gzipSync } from 'node:zlib';
import { PubSub } from '@google-cloud/pubsub';
import { describe, expect, inject, it } from 'vitest';
import { clearDatabases, exportDatabases } from '../../local/firestore-export.ts';
import { startHostProcess } from '../../local/host-apart.ts';
import { TOPICS } from '../../local/topology.ts';
import { eventually } from '../support/market.ts';
import { filesBelow, withoutHeaders } from './export-files.ts';
import { Finder } from './finder.ts';
import { collectMessages } from './messages.ts';

const TEXT = 'Zqvk/wpb@nxr.example';
const NAME = 'Ďqvkžwpbäñx';
const finder = new Finder([
  { name: 'text', needles: [TEXT] },
  { name: 'name', needles: [NAME] },
  { name: 'number', needles: [48.123456789, 871_236_540_912] },
]);
const inNoise = (...parts: (Buffer | string)[]): Buffer =>
  Buffer.concat([randomBytes(301), ...parts.map((part) => Buffer.from(part)), randomBytes(77)]);
const canaries = (bytes: Buffer): string[] => [
  ...new Set(finder.find([{ place: 'here', bytes }]).map((line) => line.split(',')[0] ?? '')),
];

describe('what looks for canaries', () => {
  it.each<[string, (text: string) => Buffer | string]>([
    ['as it is', (text) => text],
    ['in lower case', (text) => text.toLowerCase()],
    ['in a JSON body', (text) => JSON.stringify({ a: [{ b: `x ${text} y` }] })],
    ['in JSON within JSON', (text) => JSON.stringify({ a: JSON.stringify({ b: `"${text}"` }) })],
    ['in JSON whose slashes are escaped', (text) => JSON.stringify(text).replaceAll('/', '\\/')],
    [
      'in JSON of which every character is escaped',
      (text) => text.replace(/[^]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`),
    ],
    ['in base64 at its first offset', (text) => Buffer.from(`abc${text}!`).toString('base64')],
    ['in base64 at its second offset', (text) => Buffer.from(`abcd${text}`).toString('base64')],
    ['in base64 at its third offset', (text) => Buffer.from(`abcde${text}??`).toString('base64')],
    ['in base64url', (text) => Buffer.from(`?>${text}?>`).toString('base64url')],
    ['in hex', (text) => Buffer.from(text).toString('hex')],
    ['in upper-case hex', (text) => Buffer.from(text).toString('hex').toUpperCase()],
    ['as an inspected buffer', (text) => inspect(Buffer.from(text))],
    ['as a buffer in JSON', (text) => JSON.stringify(Buffer.from(text))],
    ['percent-encoded', (text) => `/?q=${encodeURIComponent(text)}&r=`],
    ['percent-encoded whole', (text) => Buffer.from(text).toString('hex').replace(/../g, '%$&')],
    ['as a form', (text) => new URLSearchParams({ q: text }).toString()],
    ['in UTF-16', (text) => Buffer.from(text, 'utf16le')],
    ['in UTF-16, big endian', (text) => Buffer.from(text, 'utf16le').swap16()],
    ['in gzip', (text) => gzipSync(`{"a":"${text}"}`)],
    ['in gzip within gzip', (text) => gzipSync(inNoise(gzipSync(text)))],
    ['in gzip in base64', (text) => `{"body":"${gzipSync(inNoise(text)).toString('base64')}"}`],
    ['in hex in gzip', (text) => gzipSync(Buffer.from(text).toString('hex'))],
    ['in a zlib stream', (text) => deflateSync(text)],
  ])('finds one %s', (_, form) => {
    expect(canaries(inNoise(form(TEXT)))).toEqual(['text']);
    expect(canaries(inNoise(form(NAME)))).toEqual(['name']);
  });

  it('finds one in gzip that breaks off, and in gzip that has a name', () => {
    const whole = gzipSync(inNoise(TEXT));
    expect(canaries(Buffer.concat([randomBytes(40), whole.subarray(0, -9)]))).toEqual(['text']);
    const named = Buffer.from(whole);
    named[3] = 0x08;
    expect(canaries(inNoise(named.subarray(0, 10), 'a-name\0', named.subarray(10)))).toEqual(['text']);
  });

  it('finds numbers as text and in their binary forms', () => {
    const double = Buffer.alloc(8);
    double.writeDoubleLE(48.123456789);
    expect(canaries(inNoise(double))).toEqual(['number']);
    expect(canaries(inNoise('{"lat":48.123456789}'))).toEqual(['number']);
    expect(canaries(inNoise('{"id":871236540912}'))).toEqual(['number']);
  });

  it('finds nothing where nothing is', () => {
    expect(canaries(randomBytes(1_000_000))).toEqual([]);
    expect(canaries(Buffer.from('Zqvk wpb at nxr example'.repeat(1000)))).toEqual([]);
  });

  it('finds one that the blocks of a log have split, which raw bytes hide', () => {
    const [head, tail] = [TEXT.slice(0, 9), TEXT.slice(9)];
    const first = Buffer.concat([Buffer.alloc(32 * 1024 - 7 - head.length, '.'), Buffer.from(head)]);
    const record = (type: number, data: Buffer): Buffer => {
      const header = Buffer.alloc(7);
      header.writeUInt16LE(data.length, 4);
      header[6] = type;
      return Buffer.concat([header, data]);
    };
    const log = Buffer.concat([record(2, first), record(4, Buffer.from(`${tail}....`))]);
    expect(canaries(log)).toEqual([]);
    expect(canaries(withoutHeaders(log))).toEqual(['text']);
  });
});

describe('where canaries are looked for', () => {
  it('shows what documents hold: an export is not compressed, and its blocks are joined', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'strongroom-export-'));
    const projectId = `finder-${randomBytes(5).toString('hex')}`;
    const { firestore } = inject('emulators');
    // 3000 numbered marks take more than two blocks, and some of them stand across an edge.
    const marks = Array.from({ length: 3000 }, (_, at) => `mark${String(at).padStart(6, '0')}/wvzkqxjp`);
    const fields = {
      [NAME]: { bytesValue: Buffer.from(TEXT).toString('base64') },
      number: { doubleValue: 48.123456789 },
      whole: { integerValue: '871236540912' },
      marks: { stringValue: marks.join(' ') },
    };
    try {
      for (const database of ['(default)', 'keyring']) {
        const path = `projects/${projectId}/databases/${database}/documents/finder/document`;
        const answer = await fetch(`http://${firestore}/v1/${path}`, {
          method: 'PATCH',
          headers: { Authorization: 'Bearer owner', 'Content-Type': 'application/json' },
          body: JSON.stringify({ fields }),
        });
        expect(answer.status).toBe(200);
      }
      await exportDatabases(firestore, projectId, folder);
      const pieces = filesBelow(folder);
      for (const database of ['default', 'keyring']) {
        const found = finder.find(pieces.filter(({ place }) => place.startsWith(`${database}/`)));
        expect(new Set(found.map((line) => line.split(',')[0]))).toEqual(new Set(['text', 'name', 'number']));
        const output = pieces.filter(({ place }) => place.startsWith(database) && place.includes('output-'));
        const seen = (joined: boolean): number =>
          marks.filter((mark) =>
            output.some(({ place, bytes }) => place.endsWith('joined') === joined && bytes.includes(mark)),
          ).length;
        expect(seen(true)).toBe(marks.length);
        expect(seen(false)).toBeLessThan(marks.length);
      }
    } finally {
      await clearDatabases(firestore, projectId);
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('shows the data and the attributes of every message', async () => {
    const projectId = `finder-${randomBytes(5).toString('hex')}`;
    const { pubsub } = inject('emulators');
    const client = new PubSub({ projectId, apiEndpoint: pubsub, emulatorMode: true });
    await Promise.all(TOPICS.map((topic) => client.createTopic(topic)));
    const messages = await collectMessages(projectId, pubsub);
    try {
      await client.topic('orders').publishMessage({ json: { text: TEXT } });
      await client.topic('erasures-dead').publishMessage({ json: {}, attributes: { name: NAME } });
      await eventually(() => {
        const found = finder.find(messages.all).map((line) => line.split(',')[0]);
        expect(found.toSorted()).toEqual(['name', 'text']);
      });
    } finally {
      await messages.close();
      await Promise.all(TOPICS.map((topic) => client.topic(topic).delete()));
      await client.close();
    }
  });

  it('shows what a function writes, on both of its outputs', async () => {
    const lines: string[] = [];
    const host = await startHostProcess({
      functions: [{ name: 'noisy', file: join(import.meta.dirname, 'noisy-function.ts'), env: {}, port: 0 }],
      offsetMs: 0,
      onLine: (line) => lines.push(line),
    });
    try {
      await fetch(`http://127.0.0.1:${host.ports['noisy'] ?? 0}/`, {
        method: 'POST',
        headers: { 'X-Out': 'seen-on-stdout', 'X-Err': 'seen-on-stderr', 'Content-Type': 'text/plain' },
        body: TEXT,
      });
      await eventually(() => {
        expect(lines).toEqual(expect.arrayContaining(['out seen-on-stdout', 'err seen-on-stderr']));
        expect(canaries(Buffer.from(lines.join('\n')))).toEqual(['text']);
      });
    } finally {
      await host.kill();
    }
  });
});
