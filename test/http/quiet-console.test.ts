import { describe, expect, it, vi } from 'vitest';
import { createLog } from '../../shared/cloud/log.ts';
import { quietConsole } from '../../shared/http/quiet-console.ts';
import { send, serve } from './serve.ts';

describe('what a library complains of on the console', () => {
  it('is told by class and place, be it an error that escapes a function', async () => {
    const lines: string[] = [];
    vi.stubGlobal('console', { ...console });
    quietConsole(createLog({ functionName: 'things', write: (line) => lines.push(line) }));
    try {
      const url = await serve(() => {
        throw new TypeError('canary@leak.invalid');
      });
      const answer = await send(url, { method: 'POST', path: '/canary' });
      expect(answer.status).toBe(500);
      expect(answer.body).not.toContain('canary');
      expect(lines.length).toBeGreaterThan(0);
      console.error('canary', { canary: 1 }, new RangeError('canary'));
      expect(lines.at(-1)).toMatch(/"errorClass":"RangeError".*quiet-console\.test\.ts/);
      for (const line of lines) {
        expect(line).toContain('process.complained');
        expect(line).not.toContain('canary');
      }
    } finally {
      vi.unstubAllGlobals();
    }
  });
});
