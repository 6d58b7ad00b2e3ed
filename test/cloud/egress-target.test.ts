import { describe, expect, it } from 'vitest';
import { readConfig } from '../../shared/cloud/config.ts';
import { createEgress, type Resolve } from '../../shared/cloud/egress.ts';
import { isPublicAddress } from '../../shared/cloud/egress-address.ts';
import { checkTarget, parseStandIns } from '../../shared/cloud/egress-target.ts';

const standIns = new Map<string, number | 'first label'>();
const clock = { now: () => 0, random: () => 0 };

/** Every form of an address that is not of the public internet, as a resolver may give it. */
const NOT_PUBLIC = [
  ...['0.0.0.0', '0.1.2.3', '10.0.0.1', '10.255.255.255', '100.64.0.1', '100.100.100.200', '127.0.0.1'],
  ...['127.255.255.254', '169.254.0.1', '169.254.169.254', '172.16.0.1', '172.31.255.255', '192.0.0.1'],
  ...[
    '192.0.0.192',
    '192.0.2.1',
    '192.88.99.1',
    '192.168.0.1',
    '198.18.0.1',
    '198.19.255.255',
    '198.51.100.1',
  ],
  ...['203.0.113.1', '224.0.0.1', '239.255.255.255', '240.0.0.1', '255.255.255.255', '168.63.129.16'],
  ...['::', '::1', '::7f00:1', '::ffff:127.0.0.1', '::ffff:7f00:1', '::ffff:8.8.8.8', '::ffff:0:127.0.0.1'],
  ...['64:ff9b::7f00:1', '64:ff9b::8.8.8.8', '64:ff9b:1::7f00:1', '100::1', '2001::1', '2001:db8::1'],
  ...['2002:7f00:1::1', '2002:808:808::1', '3fff::1', '5f00::1', 'fc00::1', 'fd00:ec2::254', 'fd20:ce::254'],
  ...['fe80::1', 'fe80::1%eth0', 'fec0::1', 'ff02::1', 'not an address', ''],
];

describe('an address that a name resolves to', () => {
  it.each(NOT_PUBLIC)('%s is not of the public internet', (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });

  it.each(['8.8.8.8', '23.227.38.65', '99.255.255.1', '172.32.0.1', '2606:4700::1111', '2a00:1450:4001::1'])(
    '%s is',
    (address) => {
      expect(isPublicAddress(address)).toBe(true);
    },
  );

  it.each(NOT_PUBLIC)('ends the call when it is %s, before a connection is made', async (address) => {
    const resolve: Resolve = () => Promise.resolve([{ address, family: address.includes(':') ? 6 : 4 }]);
    const egress = createEgress({ standIns }, { ...clock, resolve });
    const call = egress.call({ method: 'GET', url: 'https://shop.merchant.com/' });
    await expect(call).rejects.toMatchObject({ name: 'EgressError', code: 'TARGET_REFUSED' });
  });

  it('ends the call when one of several is not public', async () => {
    const resolve: Resolve = () =>
      Promise.resolve([
        { address: '8.8.8.8', family: 4 },
        { address: '10.0.0.1', family: 4 },
      ]);
    const egress = createEgress({ standIns }, { ...clock, resolve });
    const call = egress.call({ method: 'GET', url: 'https://shop.merchant.com/' });
    await expect(call).rejects.toMatchObject({ code: 'TARGET_REFUSED' });
  });

  it('is asked for anew with every connection, so that it can not change behind a check', async () => {
    const answers = ['10.0.0.1', '127.0.0.1', '169.254.169.254'];
    const asked: string[] = [];
    const resolve: Resolve = (host) => {
      asked.push(host);
      return Promise.resolve([{ address: answers[asked.length - 1] ?? '', family: 4 }]);
    };
    const egress = createEgress({ standIns }, { ...clock, resolve });
    for (const _ of answers) {
      const call = egress.call({ method: 'GET', url: 'https://rebinding.merchant.com/' });
      await expect(call).rejects.toMatchObject({ code: 'TARGET_REFUSED' });
    }
    expect(asked).toHaveLength(3);
  });
});

describe('an address that is entered', () => {
  it.each([
    ...['http://shop.merchant.com/', 'ftp://shop.merchant.com/', 'file:///etc/passwd', 'data:text/plain,x'],
    ...['ws://shop.merchant.com/', 'javascript:alert(1)', '//shop.merchant.com/', 'shop.merchant.com', ''],
    ...['https://u:p@shop.merchant.com/', 'https://u@shop.merchant.com/', 'https://shop.merchant.com/#x'],
    ...['https://shop.merchant.com:80/', 'https://shop.merchant.com:22/', 'https://shop.merchant.com:0/'],
    ...['https://shop.merchant.com:65536/', 'https://shop.merchant.com:9200/'],
    ...[
      'https://127.0.0.1/',
      'https://127.1/',
      'https://2130706433/',
      'https://0x7f000001/',
      'https://0177.0.0.1/',
    ],
    ...[
      'https://0x7f.1/',
      'https://127.0.0.1./',
      'https://8.8.8.8/',
      'https://[::1]/',
      'https://[::ffff:7f00:1]/',
    ],
    ...[
      'https://[64:ff9b::7f00:1]/',
      'https://[2606:4700::1111]/',
      'https://①②⑦.0.0.1/',
      'https://%31%32%37.0.0.1/',
    ],
    ...[
      'https://localhost/',
      'https://localhost./',
      'https://LOCALHOST/',
      'https://a.localhost/',
      'https://hub/',
    ],
    ...['https://metadata.google.internal/', 'https://printer.local/', 'https://router.home.arpa/'],
    ...['https://metadata.google.internal./', 'https://x.onion/', 'https://1.0.0.127.in-addr.arpa/'],
    ...[
      'https:/\\shop.merchant.com/',
      'https://shop.merchant.com\\@10.0.0.1/',
      'https://shop.mer\tchant.com/',
    ],
    ...['https://shop.merchant.com/\r\nHost: x', ' https://shop.merchant.com/', 'https://', 'https://./'],
    `https://shop.merchant.com/${'a'.repeat(2000)}`,
  ])('is refused: %s', async (url) => {
    expect(checkTarget(url, { standIns })).toBeTypeOf('string');
    const resolve: Resolve = () => Promise.reject(new Error('nothing is looked up'));
    const egress = createEgress({ standIns }, { ...clock, resolve });
    await expect(egress.call({ method: 'GET', url })).rejects.toMatchObject({ code: 'TARGET_REFUSED' });
  });

  it.each([
    'https://shop.merchant.com',
    'https://shop.merchant.com:8443/a?b=c',
    'https://xn--bcher-kva.com/',
  ])('is taken: %s', (url) => {
    expect(checkTarget(url, { standIns })).toBeUndefined();
  });

  it('may be one of a stand-in where the configuration names it, and never otherwise', () => {
    const local = {
      standIns: parseStandIns('woo.example=4001,*.myshopify.com=4002,*.localhost=*') ?? standIns,
    };
    for (const url of [
      'https://woo.example/',
      'https://demo.myshopify.com/',
      'https://9000.localhost/hook',
    ]) {
      expect(checkTarget(url, local)).toBeUndefined();
    }
    for (const url of [
      'https://x.woo.example/',
      'http://woo.example/',
      'https://a.localhost/',
      'https://localhost/',
    ]) {
      expect(checkTarget(url, local)).toBeTypeOf('string');
    }
  });
});

describe('the configuration', () => {
  const KEY = 'projects/p/locations/global/keyRings/strongroom/cryptoKeys/k';
  const env = {
    ...{ GOOGLE_CLOUD_PROJECT: 'p', LEDGER_BUCKET: 'ledger', BASE_URL: 'https://hub.merchant.com' },
    ...{ KMS_TENANT_KEK: KEY, KMS_RECOVERY_KEK: KEY, KMS_ATTEST: KEY },
  };

  it('names no stand-ins in production', () => {
    expect(readConfig(env).standIns.size).toBe(0);
    for (const value of ['woo.example=4001', '']) {
      expect(() => readConfig({ ...env, EGRESS_STAND_INS: value })).toThrow(/^EGRESS_STAND_INS/);
    }
  });

  it.each(['woo.example', 'woo.example=', '=1', 'a=1;b=2', '*=1', 'a b=1'])(
    'refuses stand-ins like %s',
    (value) => {
      const local = { ...env, STRONGROOM_ENV: 'local', EGRESS_STAND_INS: value };
      expect(() => readConfig(local)).toThrow(/^EGRESS_STAND_INS/);
    },
  );
});
