import { createHmac, createSecretKey, hkdfSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { open } from '../../shared/crypto/aead.ts';
import gcm from '../vectors/aes-256-gcm.json' with { type: 'json' };

const hex = (text: string): Buffer => Buffer.from(text, 'hex');

describe('known answers', () => {
  for (const vector of gcm.cases) {
    it(`opens AES-256-GCM test case ${vector.case} of the specification`, () => {
      const sealed = hex(`01${vector.nonce}${vector.ciphertext}${vector.tag}`);
      const plaintext = open(createSecretKey(hex(vector.key)), sealed, hex(vector.associated));
      expect(plaintext.toString('hex')).toBe(vector.plaintext);
    });
  }

  it('HKDF-SHA256 without salt gives what RFC 5869, A.3 says', () => {
    const key = createSecretKey(Buffer.alloc(22, 0x0b));
    expect(Buffer.from(hkdfSync('sha256', key, '', '', 42)).toString('hex')).toBe(
      '8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8',
    );
  });

  it('HMAC-SHA256 gives what RFC 4231, 4.3 says', () => {
    const key = createSecretKey(Buffer.from('Jefe'));
    expect(createHmac('sha256', key).update('what do ya want for nothing?').digest('hex')).toBe(
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    );
  });
});
