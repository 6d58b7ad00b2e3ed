import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Bucket } from './bucket.ts';
import { StoredObject } from './stored-object.ts';

/** Where buckets and objects are kept. Every method ends before the next request is looked at. */
export interface Shelf {
  load(): { bucket: Bucket; objects: StoredObject[] }[];
  putBucket(bucket: Bucket): void;
  removeBucket(name: string): void;
  putObject(object: StoredObject, content: Buffer): void;
  content(object: StoredObject): Buffer;
  removeObject(object: StoredObject): void;
}

/** Keeps contents in memory; nothing outlives the process. */
export function memoryShelf(): Shelf {
  const contents = new Map<string, Buffer>();
  const key = (object: StoredObject): string => `${object.bucket}/${object.name}`;
  return {
    load: () => [],
    putBucket: () => undefined,
    removeBucket: () => undefined,
    putObject: (object, content) => void contents.set(key(object), content),
    content: (object) => contents.get(key(object)) ?? Buffer.alloc(0),
    removeObject: (object) => void contents.delete(key(object)),
  };
}

const NEWLINE = 0x0a;

/**
 * Keeps everything below one folder: `{bucket}/bucket.json` and `{bucket}/objects/{sha256 of the name}`, whose first
 * line is the metadata and the rest the content, so that one rename replaces both. Bucket names are safe as folder
 * names (their schema); an object's name never becomes a path.
 */
export function folderShelf(root: string): Shelf {
  const bucketFolder = (name: string): string => join(root, name);
  const objectFile = (object: StoredObject): string =>
    join(root, object.bucket, 'objects', createHash('sha256').update(object.name).digest('hex'));

  return {
    load() {
      mkdirSync(root, { recursive: true });
      return readdirSync(root)
        .filter((name) => existsSync(join(root, name, 'bucket.json')))
        .map((name) => ({
          bucket: Bucket.parse(JSON.parse(readFileSync(join(root, name, 'bucket.json'), 'utf8'))),
          objects: readObjects(join(root, name, 'objects')),
        }));
    },
    putBucket(bucket) {
      mkdirSync(join(bucketFolder(bucket.name), 'objects'), { recursive: true });
      replace(join(bucketFolder(bucket.name), 'bucket.json'), [Buffer.from(JSON.stringify(bucket))]);
    },
    removeBucket(name) {
      rmSync(bucketFolder(name), { recursive: true, force: true });
    },
    putObject(object, content) {
      replace(objectFile(object), [Buffer.from(`${JSON.stringify(object)}\n`), content]);
    },
    content(object) {
      const bytes = readFileSync(objectFile(object));
      return bytes.subarray(bytes.indexOf(NEWLINE) + 1);
    },
    removeObject(object) {
      rmSync(objectFile(object), { force: true });
    },
  };
}

function readObjects(folder: string): StoredObject[] {
  const objects: StoredObject[] = [];
  for (const file of readdirSync(folder)) {
    // What a killed process left half written never got its name.
    if (file.endsWith('.part')) {
      rmSync(join(folder, file));
      continue;
    }
    const bytes = readFileSync(join(folder, file));
    const line = bytes.subarray(0, bytes.indexOf(NEWLINE)).toString('utf8');
    objects.push(StoredObject.parse(JSON.parse(line)));
  }
  return objects;
}

function replace(file: string, parts: Buffer[]): void {
  writeFileSync(`${file}.part`, Buffer.concat(parts));
  renameSync(`${file}.part`, file);
}
