import { describe, expect, it } from 'vitest';
import { cleanHtml } from '../../shared/catalogue/clean-html.ts';

describe('a description', () => {
  it('keeps text, lists, tables and https links', () => {
    const html = '<h2>Plays</h2><ul><li><b>music</b></li></ul><table><tr><td colspan="2">x</td></tr></table>';
    expect(cleanHtml(html)).toBe(html);
    expect(cleanHtml('<a href="https://a.example" onclick="x()">a</a>')).toBe(
      '<a href="https://a.example" rel="nofollow noopener noreferrer">a</a>',
    );
  });

  it.each([
    ['a script', 'a<script>alert(1)</script>', 'a'],
    ['a style', 'a<style>p{}</style><p style="position:fixed">b</p>', 'a<p>b</p>'],
    ['a picture, which would tell who looks', 'a<img src="https://a.example/pixel.gif" onerror="x()">', 'a'],
    ['a frame', '<iframe src="https://a.example"></iframe>a', 'a'],
    [
      'a link that runs',
      '<a href="javascript:alert(1)">a</a>',
      '<a rel="nofollow noopener noreferrer">a</a>',
    ],
    [
      'a link that runs, in disguise',
      '<a href="java&#10;script:alert(1)">a</a>',
      '<a rel="nofollow noopener noreferrer">a</a>',
    ],
    ['a link without a scheme', '<a href="//a.example">a</a>', '<a rel="nofollow noopener noreferrer">a</a>'],
    ['a handler', '<p onmouseover="x()">a</p>', '<p>a</p>'],
    ['svg', '<svg onload=alert(1)><g/></svg>a', 'a'],
    ['a form', '<form action="https://a.example"><input name="a"></form>a', 'a'],
    ['what is never closed', '<b>a<script>', '<b>a</b>'],
  ])('loses %s', (_what, html, clean) => {
    expect(cleanHtml(html)).toBe(clean);
    expect(cleanHtml(clean)).toBe(clean);
  });
});
