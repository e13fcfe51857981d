// Says what was built and checked, and assembles a release whose every file can be checked by its digest.

import { createHash } from 'node:crypto';
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, relative, resolve } from 'node:path';
import type { TaskContext } from 'yardmaster';

/** A built file with its sizes. */
interface Asset {
  name: string;
  bytes: number;
  gzipBytes: number;
}

/** What actions on files are given. */
interface ProjectParameters {
  /** Folder of the project; default: the current one. */
  root?: string;
}

interface ReportParameters extends ProjectParameters {
  /** Built files. */
  assets: Asset[];
  /** Routes of the backend. */
  routes: string[];
  /** Rows of the database's seed. */
  rows: number;
  /** Tests that passed. */
  passed: number;
  /** File to write. */
  output: string;
}

/** Writes what was built and checked. */
export async function report({ root = '.', output, ...found }: ReportParameters, context: TaskContext) {
  await mkdir(dirname(resolve(root, output)), { recursive: true });
  await writeFile(resolve(root, output), `${JSON.stringify(found, null, 2)}\n`);
  context.log('info', `${found.assets.length} files built, ${found.passed} tests passed; see ${output}`);
  return { output };
}

interface AssembleParameters extends ProjectParameters {
  /** Folder that the release is assembled in; what was in it goes. */
  output: string;
  /** Where each part comes from, by its folder in the release. */
  parts: Record<string, string>;
}

/** Copies the parts into a new release, beside a manifest with the digest of each file. */
export async function assemble({ root = '.', output, parts }: AssembleParameters, context: TaskContext) {
  const release = resolve(root, output);
  await rm(release, { recursive: true, force: true });
  for (const [index, [part, source]] of Object.entries(parts).entries()) {
    context.signal.throwIfAborted();
    context.progress(index / Object.keys(parts).length, part);
    // Pages of documentation are for those who work on the project.
    const isWanted = (file: string) => !file.endsWith('.md');
    await cp(resolve(root, source), resolve(release, part), { recursive: true, filter: isWanted });
  }
  const files = await digests(release);
  await writeFile(resolve(release, 'manifest.json'), `${JSON.stringify({ files }, null, 2)}\n`);
  context.log('info', `assembled ${Object.keys(files).length} files in ${output}`);
  return { output, files: Object.keys(files).length };
}

interface VerifyParameters extends ProjectParameters {
  /** Folder of the release. */
  output: string;
}

/** Checks that the release holds exactly what its manifest says. */
export async function verify({ root = '.', output }: VerifyParameters, context: TaskContext) {
  const release = resolve(root, output);
  const manifest: { files: Record<string, string> } = JSON.parse(
    await readFile(resolve(release, 'manifest.json'), { encoding: 'utf8', signal: context.signal }),
  );
  const { 'manifest.json': _, ...files } = await digests(release);
  const names = new Set([...Object.keys(files), ...Object.keys(manifest.files)]);
  const wrong = [...names].filter((name) => files[name] !== manifest.files[name]);
  if (wrong.length > 0)
    throw new Error(`the release differs from its manifest: ${wrong.join(', ')}; assemble it again`);
  return { verified: names.size };
}

async function digests(folder: string): Promise<Record<string, string>> {
  const files: [string, string][] = [];
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = resolve(entry.parentPath, entry.name);
    const digest = createHash('sha256')
      .update(await readFile(path))
      .digest('hex');
    files.push([relative(folder, path).replaceAll('\\', '/'), digest]);
  }
  return Object.fromEntries(files.sort(([a], [b]) => (a < b ? -1 : 1)));
}
