/**
 * Sends one correctly signed order through the demo retailer's Shopify connection.
 *
 *     npm run demo:order
 *     npm run demo:order -- --file order.json --topic orders/updated --data DIR
 */
import { randomInt } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type DemoFile, readDemoFile } from './demo-file.ts';
import { SetupError } from './find-emulators.ts';
import { sampleOrder } from './shops/sample-order.ts';
import { sendShopifyOrder } from './shops/shopify.ts';

const USAGE = 'npm run demo:order [-- --file PATH] [--topic orders/create] [--data DIR]';

interface Options {
  file: string | undefined;
  topic: string;
  data: string;
}

async function main(args: string[]): Promise<void> {
  const { file, topic, data } = readOptions(args);
  const demo = await readDemo(data);
  const body = file === undefined ? freshOrder() : await bytesOf(file);
  const response = await send(demo, topic, body);
  console.log(
    `${demo.connections.shopify.url} answered ${response.status} to ${topic} of ${codeOf(body) || 'the file'}.`,
  );
  if (!response.ok) {
    console.log(await response.text());
    process.exitCode = 1;
    return;
  }
  console.log(`\nSee it arrive:\n\n  ${lookUp(demo, codeOf(body))}`);
}

function readOptions(args: string[]): Options {
  try {
    const { values } = parseArgs({
      args,
      options: {
        file: { type: 'string' },
        topic: { type: 'string', default: 'orders/create' },
        data: { type: 'string', default: '.strongroom' },
      },
    });
    return { file: values.file, topic: values.topic, data: values.data };
  } catch {
    throw new SetupError(`Unknown option. Usage: ${USAGE}`);
  }
}

async function readDemo(data: string): Promise<DemoFile> {
  const file = join(data, 'demo.json');
  const demo = await readDemoFile(file);
  if (demo === undefined) {
    throw new SetupError(`There is no ${file}: start the hub first, with npm start.`);
  }
  return demo;
}

/** Another order each time: the same id again would be a repeat, which changes nothing. */
function freshOrder(): Buffer {
  const order = sampleOrder({
    id: randomInt(1e12, 1e13),
    number: randomInt(1_000, 1_000_000),
    at: Date.now(),
  });
  return Buffer.from(JSON.stringify(order));
}

async function bytesOf(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch {
    throw new SetupError(`${file} can not be read.`);
  }
}

async function send(demo: DemoFile, topic: string, body: Buffer): Promise<Response> {
  try {
    return await sendShopifyOrder({ ...demo.connections.shopify, topic, body });
  } catch {
    throw new SetupError(`Nobody answers at ${demo.baseUrl}: start the hub first, with npm start.`);
  }
}

/** Empty when the file is no order with a name; whether it is one at all is for the hub to say. */
function codeOf(body: Buffer): string {
  try {
    const { name } = JSON.parse(body.toString()) as { name?: unknown };
    return typeof name === 'string' ? name : '';
  } catch {
    return '';
  }
}

function lookUp(demo: DemoFile, code: string): string {
  const query = code === '' ? '' : `?code=${encodeURIComponent(code)}`;
  return `curl -H "Authorization: Bearer ${demo.retailer.apiKey}" "${demo.baseUrl}/v1/orders${query}"`;
}

main(process.argv.slice(2)).then(
  () => process.exit(),
  (error: unknown) => {
    console.error(error instanceof SetupError ? error.message : error);
    process.exit(1);
  },
);
