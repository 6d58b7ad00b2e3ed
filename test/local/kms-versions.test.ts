import type { KeyManagementServiceClient, protos } from '@google-cloud/kms';
import { describe, expect, it } from 'vitest';
import { DAY, handClock, KEY, openKmsWithKey, refusal, START, version } from './kms-fixture.ts';

async function stateOf(client: KeyManagementServiceClient, id: number): Promise<unknown> {
  return (await client.getCryptoKeyVersion({ name: version(id) }))[0].state;
}

function setState(
  client: KeyManagementServiceClient,
  state: keyof typeof protos.google.cloud.kms.v1.CryptoKeyVersion.CryptoKeyVersionState,
) {
  const cryptoKeyVersion = { name: version(1), state };
  return client.updateCryptoKeyVersion({ cryptoKeyVersion, updateMask: { paths: ['state'] } });
}

/** A key whose destructions wait one day, and something it sealed. */
async function openSealed() {
  const clock = handClock();
  const { client } = await openKmsWithKey(
    { now: clock.now },
    { destroyScheduledDuration: { seconds: DAY / 1000 } },
  );
  const [sealed] = await client.encrypt({ name: KEY, plaintext: Buffer.from('x') });
  const decrypt = () => client.decrypt({ name: KEY, ciphertext: sealed.ciphertext as Uint8Array });
  return { clock, client, decrypt };
}

describe('versions', () => {
  it('get the next number, are enabled, and are listed in their order', async () => {
    const { client } = await openKmsWithKey();
    for (let id = 2; id <= 11; id += 1) {
      const [made] = await client.createCryptoKeyVersion({ parent: KEY, cryptoKeyVersion: {} });
      expect(made).toMatchObject({
        name: version(id),
        state: 'ENABLED',
        algorithm: 'GOOGLE_SYMMETRIC_ENCRYPTION',
        protectionLevel: 'SOFTWARE',
      });
    }
    const [listed] = await client.listCryptoKeyVersions({ parent: KEY });
    expect(listed.map((each) => each.name)).toEqual(Array.from({ length: 11 }, (_, at) => version(at + 1)));
  });

  it('are not made disabled, and nothing is made instead', async () => {
    const { client } = await openKmsWithKey();
    const cryptoKeyVersion = { state: 'DISABLED' } as const;
    const creation = client.createCryptoKeyVersion({ parent: KEY, cryptoKeyVersion });
    expect(await refusal(creation)).toBe('UNIMPLEMENTED');
    expect(await refusal(client.getCryptoKeyVersion({ name: version(2) }))).toBe('NOT_FOUND');
  });

  it('are refused when they or their key are not there, or the name is none', async () => {
    const { client } = await openKmsWithKey();
    const answers = [
      client.getCryptoKeyVersion({ name: version(2) }),
      client.getCryptoKeyVersion({ name: version(1, `${KEY}2`) }),
      client.getCryptoKeyVersion({ name: `${KEY}/cryptoKeyVersions/0` }),
      client.createCryptoKeyVersion({ parent: `${KEY}2`, cryptoKeyVersion: {} }),
      client.listCryptoKeyVersions({ parent: `${KEY}2` }),
      client.destroyCryptoKeyVersion({ name: version(2) }),
      client.restoreCryptoKeyVersion({ name: version(2) }),
    ].map(refusal);
    expect(await Promise.all(answers)).toEqual([
      'NOT_FOUND',
      'NOT_FOUND',
      'INVALID_ARGUMENT',
      'NOT_FOUND',
      'NOT_FOUND',
      'NOT_FOUND',
      'NOT_FOUND',
    ]);
  });

  it('open nothing while they are disabled, and open again once they are enabled', async () => {
    const { client, decrypt } = await openSealed();
    expect((await setState(client, 'DISABLED'))[0].state).toBe('DISABLED');
    expect(await refusal(decrypt())).toBe('FAILED_PRECONDITION');
    expect((await setState(client, 'ENABLED'))[0].state).toBe('ENABLED');
    expect(await refusal(decrypt())).toBe('OK');
  });

  it('take no other state by an update, and no update of another field', async () => {
    const { client } = await openSealed();
    expect(await refusal(setState(client, 'DESTROYED'))).toBe('INVALID_ARGUMENT');
    const cryptoKeyVersion = { name: version(1), state: 'DISABLED' } as const;
    for (const paths of [[], ['name'], ['state', 'name']]) {
      const update = client.updateCryptoKeyVersion({ cryptoKeyVersion, updateMask: { paths } });
      expect(await refusal(update)).toBe('INVALID_ARGUMENT');
    }
    expect(await stateOf(client, 1)).toBe('ENABLED');
  });

  it('wait for their destruction as long as the key says, and open nothing from the start', async () => {
    const { client, decrypt } = await openSealed();
    const [scheduled] = await client.destroyCryptoKeyVersion({ name: version(1) });
    expect(scheduled.state).toBe('DESTROY_SCHEDULED');
    expect(Number(scheduled.destroyTime?.seconds) * 1000).toBe(START + DAY);
    expect(await refusal(decrypt())).toBe('FAILED_PRECONDITION');
    expect(await refusal(setState(client, 'ENABLED'))).toBe('FAILED_PRECONDITION');
    expect(await refusal(client.destroyCryptoKeyVersion({ name: version(1) }))).toBe('FAILED_PRECONDITION');
  });

  it('come back disabled when they are restored in time', async () => {
    const { clock, client, decrypt } = await openSealed();
    await client.destroyCryptoKeyVersion({ name: version(1) });
    clock.advance(DAY - 1);
    const [restored] = await client.restoreCryptoKeyVersion({ name: version(1) });
    expect(restored).toMatchObject({ state: 'DISABLED', destroyTime: null });
    clock.advance(DAY);
    await setState(client, 'ENABLED');
    expect(await refusal(decrypt())).toBe('OK');
  });

  it('are destroyed for good when their time has passed', async () => {
    const { clock, client, decrypt } = await openSealed();
    await client.destroyCryptoKeyVersion({ name: version(1) });
    clock.advance(DAY + 5);
    const [gone] = await client.getCryptoKeyVersion({ name: version(1) });
    expect(gone).toMatchObject({ state: 'DESTROYED', destroyTime: null });
    expect(Number(gone.destroyEventTime?.seconds) * 1000).toBe(START + DAY);
    const answers = [
      decrypt(),
      client.encrypt({ name: KEY, plaintext: Buffer.from('x') }),
      setState(client, 'ENABLED'),
      client.restoreCryptoKeyVersion({ name: version(1) }),
      client.destroyCryptoKeyVersion({ name: version(1) }),
      client.updateCryptoKeyPrimaryVersion({ name: KEY, cryptoKeyVersionId: '1' }),
    ];
    expect(await Promise.all(answers.map(refusal))).toEqual(answers.map(() => 'FAILED_PRECONDITION'));
  });

  it('are not restored when nothing was to be destroyed', async () => {
    const { client } = await openSealed();
    expect(await refusal(client.restoreCryptoKeyVersion({ name: version(1) }))).toBe('FAILED_PRECONDITION');
  });
});
