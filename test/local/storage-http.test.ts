import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type StorageServer, startStorage } from '../../local/storage/server.ts';

let server: StorageServer;

beforeEach(async () => {
  server = await startStorage();
  await send('POST', '/storage/v1/b?project=demo-test', '{"name":"plain-bucket"}');
});

afterEach(() => server.close());

async function send(method: string, path: string, body?: string, contentType?: string): Promise<Response> {
  return fetch(server.url + path, {
    method,
    ...(body === undefined ? {} : { body }),
    headers: { 'content-type': contentType ?? 'application/json' },
  });
}

const UPLOAD = '/upload/storage/v1/b/plain-bucket/o';
const OBJECTS = '/storage/v1/b/plain-bucket/o';

describe('the Cloud Storage stand-in over plain HTTP', () => {
  it('takes a media upload and answers its content on both download paths', async () => {
    const made = await send('POST', `${UPLOAD}?uploadType=media&name=a%2Fb`, 'text', 'text/plain');
    expect(made.status).toBe(200);
    for (const path of [`${OBJECTS}/a%2Fb?alt=media`, `/download${OBJECTS}/a%2Fb?alt=media`]) {
      const answer = await send('GET', path);
      expect(await answer.text()).toBe('text');
      expect(answer.headers.get('content-type')).toBe('text/plain');
      expect(answer.headers.get('x-goog-hash')).toMatch(/^crc32c=[^,]{8},md5=.{24}$/);
      expect(answer.headers.get('x-goog-generation')).toMatch(/^\d+$/);
    }
  });

  it('takes a multipart upload with a quoted boundary and a text before it', async () => {
    const body =
      'before\r\n--two words\r\nContent-Type: application/json\r\n\r\n{"name":"a","contentType":"text/css"}' +
      '\r\n--two words\r\ncontent-type: text/plain\r\n\r\nthe content\r\n--two words--\r\n';
    const made = await send(
      'POST',
      `${UPLOAD}?uploadType=multipart`,
      body,
      'multipart/related; boundary="two words"',
    );
    expect(await made.json()).toMatchObject({ name: 'a', contentType: 'text/css', size: '11' });
    expect(await (await send('GET', `${OBJECTS}/a?alt=media`)).text()).toBe('the content');
  });

  it('answers a precondition that does not hold with 412, and on a read with 304', async () => {
    await send('POST', `${UPLOAD}?uploadType=media&name=a`, 'text');
    const { generation } = (await (await send('GET', `${OBJECTS}/a`)).json()) as { generation: string };
    const again = await send('POST', `${UPLOAD}?uploadType=media&name=a&ifGenerationMatch=0`, 'text');
    expect(again.status).toBe(412);
    expect(await again.json()).toEqual({
      error: {
        code: 412,
        message: 'At least one of the pre-conditions you specified did not hold.',
        errors: [
          {
            message: 'At least one of the pre-conditions you specified did not hold.',
            domain: 'global',
            reason: 'conditionNotMet',
          },
        ],
      },
    });
    expect((await send('GET', `${OBJECTS}/a?ifGenerationNotMatch=${generation}`)).status).toBe(304);
    expect((await send('GET', `${OBJECTS}/a?ifGenerationMatch=1`)).status).toBe(412);
    expect((await send('GET', `${OBJECTS}/a?generation=1`)).status).toBe(404);
  });

  it('lists what is there, without items when nothing is', async () => {
    expect(await (await send('GET', OBJECTS)).json()).toEqual({ kind: 'storage#objects' });
    await send('POST', `${UPLOAD}?uploadType=media&name=a`, 'text');
    expect(await (await send('GET', OBJECTS)).json()).toMatchObject({ items: [{ name: 'a' }] });
  });

  it.each([
    ['an unknown path', 'GET', '/storage/v2/b', undefined, 404],
    ['a method that the path does not take', 'PUT', OBJECTS, undefined, 405],
    ['a path that is not percent-encoded', 'GET', `${OBJECTS}/%E0%A4`, undefined, 400],
    ['a bucket without a project', 'POST', '/storage/v1/b', '{"name":"other-bucket"}', 400],
    ['a body that is not JSON', 'POST', '/storage/v1/b?project=p', '{', 400],
    ['a body that is not an object', 'POST', '/storage/v1/b?project=p', '[]', 400],
    ['a bucket without a name', 'POST', '/storage/v1/b?project=p', '{}', 400],
    ['a lock without a metageneration', 'POST', '/storage/v1/b/plain-bucket/lockRetentionPolicy', '', 400],
    ['an upload of another type', 'POST', `${UPLOAD}?uploadType=resumable&name=a`, '', 400],
    ['an upload without a name', 'POST', `${UPLOAD}?uploadType=media`, 'text', 400],
    ['an upload of a name with a line break', 'POST', `${UPLOAD}?uploadType=media&name=a%0Ab`, 'text', 400],
    ['a multipart upload without a boundary', 'POST', `${UPLOAD}?uploadType=multipart`, 'text', 400],
    [
      'a generation that is no number',
      'POST',
      `${UPLOAD}?uploadType=media&name=a&ifGenerationMatch=-1`,
      'text',
      400,
    ],
    ['a page without a size', 'GET', `${OBJECTS}?maxResults=0`, undefined, 400],
    ['a list by what is not known here', 'GET', `${OBJECTS}?delimiter=%2F`, undefined, 400],
  ])('refuses %s', async (_title, method, path, body, status) => {
    const answer = await send(method, path, body);
    expect(answer.status).toBe(status);
    expect(await answer.json()).toMatchObject({ error: { code: status, errors: [{ domain: 'global' }] } });
  });

  it('refuses content that is not what its checksums say', async () => {
    const part = (name: string, hash: object): string =>
      `--x\r\nContent-Type: application/json\r\n\r\n${JSON.stringify({ name, ...hash })}` +
      '\r\n--x\r\nContent-Type: text/plain\r\n\r\n123456789\r\n--x--';
    const upload = (hash: object): Promise<Response> =>
      send('POST', `${UPLOAD}?uploadType=multipart`, part('a', hash), 'multipart/related; boundary=x');
    expect((await upload({ crc32c: 'AAAAAA==' })).status).toBe(400);
    expect((await upload({ md5Hash: 'AAAAAAAAAAAAAAAAAAAAAA==' })).status).toBe(400);
    expect((await upload({ crc32c: '4waSgw==', md5Hash: 'JfnnlDI7RTiF9RgfG2JNCw==' })).status).toBe(200);
  });

  it('fails every call while it is told to, and then goes on', async () => {
    server.fail(503);
    expect((await send('GET', OBJECTS)).status).toBe(503);
    expect((await send('POST', `${UPLOAD}?uploadType=media&name=a`, 'text')).status).toBe(503);
    server.fail(null);
    expect(await (await send('GET', OBJECTS)).json()).toEqual({ kind: 'storage#objects' });
  });

  it('says when its port is taken', async () => {
    await expect(startStorage({ port: server.port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });
});
