import { describe, expect, it } from 'vitest';
import { plainLine, plainLines } from '../../shared/domain/plain-text.ts';

describe('plain text', () => {
  it.each([
    ['a\u0000b', 'a b'],
    ['\u202eevil\u202c.example', 'evil .example'],
    ['\u2066a\u2069', 'a'],
    ['a\u2028b\u0085c', 'a b c'],
    [' \ud800x ', '\ufffdx'],
  ])('has none of what hides or turns it around: %j', (text, plain) => {
    expect(plainLine(text)).toBe(plain);
  });

  it.each(['שלום\u200f!', 'نص\u200e (1)', 'می\u200cخواهم', '👩\u200d🌾'])(
    'keeps what writing needs: %s',
    (text) => {
      expect(plainLine(text)).toBe(text);
      expect(plainLines(text)).toBe(text);
    },
  );

  it('keeps its lines where it may have several', () => {
    expect(plainLines('a\r\n\u202eb\u202c\u2028\n c\u0007')).toBe('a\nb\nc');
  });
});
