import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/** A merchant that the launcher made, with everything that is needed to act as it. */
export interface DemoMerchant {
  companyId: string;
  apiKey: string;
  email: string;
  password: string;
}

/** What `npm start` leaves for whoever wants to try the hub: made-up merchants with keys that have all scopes. */
export interface DemoFile {
  baseUrl: string;
  retailer: DemoMerchant;
  supplier: DemoMerchant;
  partnerId: string;
  connections: {
    shopify: { id: string; shop: string; url: string; secret: string };
    standard: { id: string; url: string; secret: string; publicKey: string; privateKey: string };
  };
}

/** Appears whole or not at all: whoever waits for it may read it as soon as it is there. */
export async function writeDemoFile(file: string, demo: DemoFile): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const fresh = `${file}.${process.pid}`;
  await writeFile(fresh, `${JSON.stringify(demo, null, 2)}\n`, { mode: 0o600 });
  await rename(fresh, file);
}

/** `undefined` when there is none. */
export async function readDemoFile(file: string): Promise<DemoFile | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as DemoFile;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Removes the file if it is this hub's; another that was started later may have written its own. */
export async function removeDemoFile(file: string, baseUrl: string): Promise<void> {
  const demo = await readDemoFile(file);
  if (demo?.baseUrl === baseUrl) await rm(file, { force: true });
}

/** The same merchants at another address. */
export function movedTo(baseUrl: string, demo: DemoFile): DemoFile {
  const moved = (url: string): string => baseUrl + url.slice(demo.baseUrl.length);
  const { shopify, standard } = demo.connections;
  return {
    ...demo,
    baseUrl,
    connections: {
      shopify: { ...shopify, url: moved(shopify.url) },
      standard: { ...standard, url: moved(standard.url) },
    },
  };
}
