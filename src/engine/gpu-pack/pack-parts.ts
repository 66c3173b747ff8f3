import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { installedVersion } from '../../platform/installed-version.ts'
import { readJson } from '../../platform/json-file.ts'
import type { GpuPackPart } from '../../shared/gpu-pack.ts'
import { packTable } from './pack-table.ts'

/** A file that the pack is made of. */
export interface PackFile extends Omit<GpuPackPart, 'state'> {
  /** Platform and processor that it is for. */
  readonly system: string
  readonly url: string
}

/** Written into the folder of an unpacked file. */
export const PART_NOTE = 'part.json'
export const partNoteSchema = z.object({ integrity: z.string() })

/** ONNX Runtime's library and its CUDA provider, which it looks for in its own folder. */
export const RUNTIME = 'libonnxruntime.so.1'
const PROVIDER = 'libonnxruntime_providers_cuda.so'

/** The files for this system; none where there is no CUDA. */
export function filesFor(system = `${process.platform}-${process.arch}`): readonly PackFile[] {
  return packTable.filter((file) => file.system === system)
}

/** Folder of the pack, which may not exist. */
export function packFolder(home: string): string {
  return join(home, 'gpu')
}

/** Folder of an unpacked file. Its name has the version, so that a pack for another version of the app is not used. */
export function partFolder(home: string, { use, version }: Pick<PackFile, 'use' | 'version'>): string {
  return join(packFolder(home), `${use}-${version}`)
}

/** Whether a file was unpacked completely, from the archive with this checksum. */
export async function isUnpacked(home: string, file: PackFile): Promise<boolean> {
  return (await readJson(join(partFolder(home, file), PART_NOTE), partNoteSchema))?.integrity === file.integrity
}

/** The pack's files that are unpacked. */
export async function unpackedFiles(home: string, files: readonly PackFile[] = filesFor()): Promise<readonly PackFile[]> {
  const unpacked = await Promise.all(files.map((file) => isUnpacked(home, file)))
  return files.filter((_, i) => unpacked[i])
}

/** Whether this installation has what a file contains, as npm installs llama.cpp's CUDA build, but the packaged app does not. */
export function isIncluded({ use, name, version }: PackFile): boolean {
  return use === 'language' ? installedVersion(name) === version : existsSync(join(runtimeFolder(), PROVIDER))
}

/** Folder of ONNX Runtime's own library in this installation. */
export function runtimeFolder(): string {
  const entry = createRequire(import.meta.url).resolve('onnxruntime-node')
  return join(dirname(entry), '..', 'bin', 'napi-v6', process.platform, process.arch)
}
