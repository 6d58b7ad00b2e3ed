import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { HELD, NOT_TESTED, SECTIONS } from './requirements.ts';

const TESTS = resolve(import.meta.dirname, '..');

/** Whether a file has a test of this title. */
function has(file: string, title: string): boolean {
  const source = readFileSync(resolve(TESTS, file), 'utf8');
  return new RegExp(String.raw`\bit(?:\.each\([^]*?\))?\(\s*(['"\`])${escaped(title)}\1`).test(source);
}

function escaped(text: string): string {
  return text.replace(/[\\^$.|?*+()[\]{}]/g, '\\$&');
}

describe('OWASP ASVS 5.0, levels 1 and 2, chapters 6 to 10', () => {
  it('has each requirement in one of the two tables', () => {
    const ids = [...Object.keys(HELD), ...Object.keys(NOT_TESTED)];
    expect(new Set(ids).size).toBe(ids.length);
    const counted: Record<string, number> = {};
    for (const id of ids) {
      const section = id.split('.').slice(0, 2).join('.');
      counted[section] = (counted[section] ?? 0) + 1;
    }
    expect(counted).toEqual(SECTIONS);
  });

  it.each(Object.entries(HELD))('%s is held by tests that are there', (_id, tests) => {
    expect(tests.length).toBeGreaterThan(0);
    expect(tests.filter(([file, title]) => !has(file, title))).toEqual([]);
  });
});
