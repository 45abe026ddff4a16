import { describe, expect, it } from 'vitest';
import { failure } from '../../tests/errors';
import { store } from '../../tests/fresh-store';
import { freshCheckpointForEachTest, open, space } from '../../tests/server/fresh-checkpoint';
import { folder, infoPath, publishUnet, putLargeUnet, unet } from '../../tests/server/hub-folder';
import { Space } from '../../tests/server/space';
import { putCheckpoint, safetensors, tensors } from '../../tests/server/synthetic';
import { openCheckpoint } from './open-checkpoint';

freshCheckpointForEachTest(folder);

describe('a hub', () => {
  it('may send the browser to another origin, which is not shown the token', async () => {
    const file = safetensors(tensors.unet);
    await space.put(unet, file, { redirect: true });
    await publishUnet(file);
    await (await open({ token: { origin: new URL(space.url).origin, token: 'secret' } })).weights('unet');
    expect((await space.authorizations()).sort()).toEqual(['127.0.0.1 Bearer secret', 'localhost nothing']);
  });

  it.each(['https://huggingface.co', 'http://localhost:1', 'http://127.0.0.1:1', 'https://127.0.0.1'])(
    'is not shown the token of another origin, %s',
    async (origin) => {
      await publishUnet(await putLargeUnet());
      const checkpoint = await open({ token: { origin, token: 'secret' } });
      await checkpoint.text('model_index.json');
      await checkpoint.weights('unet');
      expect(await space.authorizations()).toEqual(['127.0.0.1 nothing']);
    },
  );

  it('that sends the browser to where a token is for does not make it show the token there', async () => {
    await space.put(unet, safetensors(tensors.unet), { redirect: true });
    const elsewhere = new URL(space.url.replace('127.0.0.1', 'localhost')).origin;
    await (await open({ token: { origin: elsewhere, token: 'secret' } })).weights('unet');
    expect((await space.authorizations()).sort()).toEqual(['127.0.0.1 nothing', 'localhost nothing']);
  });

  it.each([
    ['http://example.org', 'secret'],
    ['https://example.org/owner', 'secret'],
    ['https://example.org', ''],
    ['https://example.org', 'sec\nret'],
    ['https://example.org', 'secr€t'],
  ])('is asked nothing with a token that no server can have: %s, %j', async (origin, token) => {
    await expect(open({ token: { origin, token } })).rejects.toThrow(failure('invalid-argument', 'token'));
    await expect(open({ token: { origin, token } })).rejects.not.toThrow(failure('invalid-argument', 'secr'));
    expect(await space.requests()).toEqual([]);
  });

  it.each(['constructor', '__proto__', 'toString', 'hasOwnProperty'])(
    'is asked about a revision that is called %s',
    async (revision) => {
      const other = new Space();
      await putCheckpoint(other, `owner/name/resolve/${revision}/`);
      await other.put(`api/models/owner/name/revision/${revision}`, JSON.stringify({ siblings: [] }));
      const checkpoint = await openCheckpoint(`${other.url}owner/name/resolve/${revision}/`, { store, pauses: [] });
      await checkpoint.tensors('unet');
      expect(await other.requests()).toContain(`api/models/owner/name/revision/${revision}?blobs=true`);
    },
  );

  it('that refuses with a signed address keeps its key out of the message', async () => {
    await space.put(`${folder}model_index.json`, '', { status: 403 });
    const signed = `${space.url}${folder}?X-Amz-Signature=SECRET`;
    const refused = openCheckpoint(signed, { store, pauses: [] });
    await expect(refused).rejects.toThrow(
      failure('access-denied', `${space.url}${folder}model_index.json was refused`),
    );
    await expect(refused).rejects.not.toThrow(/SECRET/);
    await expect(openCheckpoint('https://user:SECRET@example.org/a model/', { store })).rejects.not.toThrow(/SECRET/);
  });

  it('that wants a token says so', async () => {
    await space.put(infoPath, '', { status: 401 });
    await expect((await open()).tensors('unet')).rejects.toThrow(failure('access-denied', 'access token'));
    await space.put(`${folder}model_index.json`, '', { status: 403 });
    await expect(open()).rejects.toThrow(failure('access-denied', '403'));
  });

  it('that tells nothing of the files is a server like any other', async () => {
    const checkpoint = await open();
    await checkpoint.weights('unet');
    expect((await checkpoint.weightFiles())[0]?.sha256).toBeUndefined();
  });

  it('whose answer cannot be read is not trusted', async () => {
    await space.put(infoPath, '{"siblings": "many"}');
    await expect((await open()).tensors('unet')).rejects.toThrow(failure('invalid-checkpoint', infoPath));
  });
});
