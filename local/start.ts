/** `npm start`: the whole hub on this machine, with two merchants to try it as. */
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { plant } from '../shared/backups/planted.ts';
import { readConfig } from '../shared/cloud/config.ts';
import { openFirestore } from '../shared/cloud/firestore.ts';
import { openKeyring } from '../shared/cloud/keyring.ts';
import { createLog } from '../shared/cloud/log.ts';
import { createPublisher } from '../shared/cloud/pubsub.ts';
import { type ClockDoor, openClockDoor } from './clock-door.ts';
import { type Cloud, startCloud } from './cloud.ts';
import { removeCommandFiles, writeCommandFiles } from './command-files.ts';
import { type DemoFile, movedTo, readDemoFile, removeDemoFile, writeDemoFile } from './demo-file.ts';
import { SetupError } from './find-emulators.ts';
import { leaveData, takeData } from './kept-data.ts';
import { answers } from './leash.ts';
import { letterOf, linkIn } from './letters.ts';
import { seedDemo, seedDemoStock, seedDeps } from './seed.ts';
import { type DemoShops, removeShopsFile, startDemoShops } from './shops/demo-shops.ts';

const HELP = `
Starts Strongroom on this machine, everything on 127.0.0.1. Ctrl-C stops it.

  npm start -- [--port N] [--data DIR] [--verbose]

  --port N     where it answers (8080; 0 takes a free one)
  --data DIR   keep orders, keys and objects in DIR from one run to the next (otherwise all is in memory); Ctrl-C saves
  --verbose    show the functions' log lines here (otherwise they go to log.ndjson)
  --help       this text
`;

/** One Ctrl-C reaches this process twice, from the terminal and through npm: only a later one is a second one. */
const SECOND_SIGNAL_AFTER_MS = 1000;

interface Options {
  port: number;
  dataDir: string | undefined;
  verbose: boolean;
}

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  // Until everything is there nothing is worth saving: what was started ends with this process.
  let onStop = (): void => process.exit(130);
  listenForStop(() => {
    onStop();
  });
  const startedAt = Date.now();
  const folder = options.dataDir ?? resolve('.strongroom');
  const lostSince = options.dataDir === undefined ? undefined : await takeData(options.dataDir);
  const log = await openLog(options.verbose ? undefined : join(folder, 'log.ndjson'));
  const files = [...new Set([resolve('.strongroom', 'demo.json'), join(folder, 'demo.json')])];
  for (const file of files) await removeLeftOver(file);
  const mailDir = join(folder, 'mail');
  const onLine = (line: string): void => {
    log.write(line);
    const letter = letterOf(line);
    if (letter !== undefined) void showLetter(join(mailDir, letter));
  };
  const shops = await startDemoShops({
    ...(options.dataDir !== undefined && { keptIn: join(options.dataDir, 'shops-kept.json') }),
  });
  const shopsFile = resolve('.strongroom', 'shops.json');
  const cloud = await startHub(options, mailDir, shops, onLine);
  shops.belongTo(cloud.projectId);
  let clockDoor: ClockDoor | undefined;
  try {
    step('two merchants');
    const demo = await demoOf(cloud, options.dataDir);
    const stopped = new Promise<void>((settle) => {
      onStop = settle;
    });
    clockDoor = await openClockDoor(cloud.clock, resolve('.strongroom', 'clock.json'));
    await writeCommandFiles(cloud, clockDoor.url);
    await shops.write(shopsFile);
    for (const file of files) await writeDemoFile(file, demo);
    console.log(screen(demo, cloud.stripe.url, mailDir, log.file, Date.now() - startedAt));
    if (lostSince !== undefined) console.log(lost(lostSince));
    await stopped;
    console.log(options.dataDir === undefined ? '\nStopping …' : '\nSaving and stopping …');
  } finally {
    for (const file of files) await removeDemoFile(file, cloud.baseUrl);
    await removeCommandFiles();
    await removeShopsFile(shopsFile);
    await clockDoor?.close();
    await cloud.stop();
    await shops.close();
    if (options.dataDir !== undefined) await leaveData(options.dataDir);
    await log.close();
  }
}

function readOptions(args: string[]): Options {
  const { values } = parse(args);
  if (values.help) {
    console.log(HELP.trim());
    process.exit(0);
  }
  const port = Number(values.port);
  if (!/^\d{1,5}$/.test(values.port) || port > 65_535)
    throw new SetupError('--port takes a number from 0 to 65535.');
  return {
    port,
    dataDir: values.data === undefined ? undefined : resolve(values.data),
    verbose: values.verbose,
  };
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        port: { type: 'string', default: '8080' },
        data: { type: 'string' },
        verbose: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    throw new SetupError(`${error instanceof Error ? error.message : 'Unknown option'} (--help shows all)`);
  }
}

/** The first signal stops; a second one, or the first with nobody left to tell, ends this process on the spot. */
function listenForStop(stop: () => void): void {
  let first: number | undefined;
  const onSignal = (): void => {
    if (first === undefined) {
      first = Date.now();
      stop();
    } else if (Date.now() - first > SECOND_SIGNAL_AFTER_MS) {
      process.exit(130);
    }
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
  // `prepare.mjs` is gone, however it went.
  process.on('disconnect', onSignal);
}

function step(what: string): void {
  console.log(`  starting ${what} …`);
}

/** On this screen only: what a link opens has no place in the log. */
async function showLetter(file: string): Promise<void> {
  console.log(`  letter     ${relative(process.cwd(), file)}\n             ${await linkIn(file)}`);
}

function lost(since: string): string {
  return [
    '',
    `  The run of ${since} ended without saving, so this one goes on from where that one began:`,
    '  what happened in it is lost, what was erased in it is there again.',
  ].join('\n');
}

async function startHub(
  options: Options,
  mailDir: string,
  shops: DemoShops,
  onLine: (line: string) => void,
): Promise<Cloud> {
  try {
    return await startCloud({
      port: options.port,
      ...(options.dataDir === undefined ? {} : { dataDir: options.dataDir }),
      mailDir,
      standIns: shops.standIns,
      onLine,
      onStep: step,
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    // The port comes before the data.
    if (options.dataDir !== undefined) await leaveData(options.dataDir);
    throw new SetupError(`Port ${options.port} is in use: choose another with npm start -- --port N.`);
  }
}

/** A hub that was killed left its file behind, and whoever waits for ours would take it. */
async function removeLeftOver(file: string): Promise<void> {
  const left = await readDemoFile(file);
  if (left !== undefined && !(await answers(new URL(left.baseUrl).host))) {
    await removeDemoFile(file, left.baseUrl);
  }
}

/** Kept data has its merchants already; their keys can not be read back from it, so they are kept beside it. */
async function demoOf(cloud: Cloud, dataDir: string | undefined): Promise<DemoFile> {
  const kept = dataDir === undefined ? undefined : join(dataDir, 'merchants.json');
  const known = kept === undefined ? undefined : await readDemoFile(kept);
  const demo = known === undefined ? await seedDemo(cloud) : movedTo(cloud.baseUrl, known);
  if (known === undefined) await seedDemoStock(demo, seedDeps(cloud));
  await plantDrill(cloud);
  if (kept !== undefined) await writeDemoFile(kept, demo);
  return demo;
}

/** As `npm run plant-drill` does in production: the one order that restore drills open. */
async function plantDrill(cloud: Cloud): Promise<void> {
  const config = readConfig(cloud.envOf('plant-drill'));
  const log = createLog({ functionName: 'plant-drill', write: () => undefined });
  const { now } = cloud.clock;
  const db = openFirestore(config, '(default)');
  await plant({ db, keyring: openKeyring(config, { now }), publisher: createPublisher(config), log, now });
}

interface LogSink {
  file: string | undefined;
  write: (line: string) => void;
  close: () => Promise<void>;
}

/** Without a file the lines go to the terminal. */
async function openLog(file: string | undefined): Promise<LogSink> {
  if (file === undefined) {
    return {
      file,
      write: (line) => {
        console.log(line);
      },
      close: () => Promise.resolve(),
    };
  }
  await mkdir(dirname(file), { recursive: true });
  const stream = createWriteStream(file, { flags: 'a', mode: 0o600 });
  return {
    file,
    write: (line) => {
      stream.write(`${line}\n`);
    },
    close: () =>
      new Promise((done) => {
        stream.end(done);
      }),
  };
}

function screen(
  demo: DemoFile,
  stripeUrl: string,
  mailDir: string,
  logFile: string | undefined,
  tookMs: number,
): string {
  const { baseUrl, retailer } = demo;
  const lines = [
    `Ready after ${(tookMs / 1000).toFixed(1)} s.`,
    '',
    `  API        ${baseUrl}/v1          (reference: ${baseUrl}/docs)`,
    `  Webhooks   ${demo.connections.shopify.url}   Shopify`,
    `             ${demo.connections.standard.url}   Standard Webhooks`,
    `  Stripe     ${stripeUrl}   (a stand-in, which takes test cards alone)`,
    `  Letters    ${relative(process.cwd(), mailDir)}`,
    `  Shops      one of each platform to connect, in ${relative(process.cwd(), resolve('.strongroom', 'shops.json'))}`,
    `  Merchants  keys, passwords and secrets in ${relative(process.cwd(), resolve('.strongroom', 'demo.json'))}`,
    `  Log        ${logFile === undefined ? 'below' : relative(process.cwd(), logFile)}`,
    '',
    'Send a signed order, then see it arrive:',
    '',
    '  npm run demo:order',
    `  curl -H "Authorization: Bearer ${retailer.apiKey}" ${baseUrl}/v1/orders`,
    '',
    'Move the time on, here a day with its backups:  npm run clock -- 1d',
    '',
    'Ctrl-C stops everything.',
  ];
  return lines.join('\n');
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    if (error instanceof SetupError) console.error(error.message);
    else console.error(error);
    process.exit(1);
  },
);
