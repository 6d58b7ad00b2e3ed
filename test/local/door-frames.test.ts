import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { frame, FrameSplitter } from '../../local/door/frames.ts';

const LARGEST = 1000;

function compressed(message: Uint8Array): Buffer {
  const framed = frame(gzipSync(message));
  framed.writeUInt8(1, 0);
  return framed;
}

describe('a stream of messages', () => {
  it('is cut into the same messages however its bytes arrive', () => {
    const messages = fc.array(fc.tuple(fc.uint8Array({ maxLength: 300 }), fc.boolean()), { maxLength: 6 });
    const cuts = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 });
    fc.assert(
      fc.property(messages, cuts, (sent, sizes) => {
        const bytes = Buffer.concat(sent.map(([each, gzip]) => (gzip ? compressed(each) : frame(each))));
        const splitter = new FrameSplitter('gzip', LARGEST);
        const received: Buffer[] = [];
        for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
          const size = sizes[turn % sizes.length] ?? 1;
          received.push(...splitter.push(bytes.subarray(at, at + size)));
          at += size;
        }
        expect(received).toEqual(sent.map(([each]) => Buffer.from(each)));
      }),
    );
  });

  it('is refused when a message is too large, before it is all there', () => {
    const start = frame(new Uint8Array(LARGEST + 1)).subarray(0, 5);
    expect(() => new FrameSplitter('identity', LARGEST).push(start)).toThrow(
      expect.objectContaining({ status: 8 }),
    );
  });

  it('is refused when a message grows too large on being opened', () => {
    const bomb = compressed(new Uint8Array(LARGEST * 100));
    expect(() => new FrameSplitter('gzip', LARGEST).push(bomb)).toThrow(
      expect.objectContaining({ status: 13 }),
    );
  });

  it('is refused when it is compressed otherwise than it says, or than is read here', () => {
    const message = compressed(Buffer.from('a'));
    for (const encoding of [undefined, 'identity', 'deflate']) {
      expect(() => new FrameSplitter(encoding, LARGEST).push(message)).toThrow(
        expect.objectContaining({ status: 12 }),
      );
    }
  });

  it('is refused when the compressed bytes are none', () => {
    const broken = frame(Buffer.from('not gzip'));
    broken.writeUInt8(1, 0);
    expect(() => new FrameSplitter('gzip', LARGEST).push(broken)).toThrow(
      expect.objectContaining({ status: 13 }),
    );
  });
});
