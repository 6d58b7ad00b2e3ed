import { getFunction } from '@google-cloud/functions-framework/testing';
import type { HttpFunction } from '@google-cloud/functions-framework';
import { describe, expect, it } from 'vitest';
import { createLog } from '../../shared/cloud/log.ts';
import { register } from '../../shared/http/entry.ts';
import { Problem } from '../../shared/http/schemas.ts';
import { serve } from './serve.ts';

function registered(name: string): HttpFunction {
  return getFunction(name) as HttpFunction;
}

describe('a registered function', () => {
  it('is built at its first request and once', async () => {
    let built = 0;
    register('lazy', () => {
      built += 1;
      return (_req, res) => {
        res.end('here');
      };
    });
    const url = await serve(registered('lazy'));
    expect(built).toBe(0);
    expect(await (await fetch(url)).text()).toBe('here');
    await fetch(url);
    expect(built).toBe(1);
  });

  it('answers 503 while it can not be built, logs that without the message, and tries again', async () => {
    const lines: string[] = [];
    const log = createLog({ functionName: 'late', write: (line) => lines.push(line) });
    let ready = false;
    register(
      'late',
      () => {
        if (!ready) throw new Error('canary: the configuration is not valid');
        return (_req, res) => {
          res.end('here');
        };
      },
      log,
    );
    const url = await serve(registered('late'));
    const response = await fetch(url);
    const text = await response.text();
    expect(Problem.parse(JSON.parse(text)).code).toBe('UNAVAILABLE');
    expect(response.headers.get('retry-after')).toBe('5');
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('"event":"request.failed"');
    expect(text + lines.join('')).not.toContain('canary');
    ready = true;
    expect(await (await fetch(url)).text()).toBe('here');
  });
});
