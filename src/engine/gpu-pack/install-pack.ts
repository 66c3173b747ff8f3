import { copyFile, mkdir, readdir, rmdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { freeBytes } from '../../platform/disk.ts'
import { writeFailure } from '../../platform/file-failure.ts'
import { awaitLock, holdLock } from '../../platform/folder-lock.ts'
import { writeJson } from '../../platform/json-file.ts'
import { move, remove } from '../../platform/move.ts'
import type { DownloadProgress } from '../../shared/download-progress.ts'
import { isAbort, TarsierError } from '../../shared/errors.ts'
import { phrase } from '../../shared/phrase.ts'
import { megabytesText } from '../../shared/size-text.ts'
import { resumableDownload } from '../models/hub/resumable-download.ts'
import { progressOfWait, TransferMeter } from '../models/hub/transfer-meter.ts'
import { defaultRetryPolicy, type RetryPolicy } from '../models/hub/transient.ts'
import { PackClient } from './pack-client.ts'
import { filesFor, isIncluded, isUnpacked, PART_NOTE, type PackFile, packFolder, partFolder, RUNTIME, runtimeFolder } from './pack-parts.ts'
import { unpackPackage, unpackWheel } from './unpack.ts'

export interface InstallPackOptions {
  readonly home: string
  readonly signal: AbortSignal
  readonly onProgress?: (progress: DownloadProgress) => void
  /** Defaults to the pack for this system. */
  readonly files?: readonly PackFile[]
  /** Environment variables for proxies and a mirror. Defaults to the process's environment. */
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly retryPolicy?: Partial<RetryPolicy>
}

const LOCK_FILE = '.installing'
const STAGING = '.unpacking'
const PROVIDERS = ['libonnxruntime_providers_cuda.so', 'libonnxruntime_providers_shared.so']

/**
 * Downloads, checks and unpacks the files of the pack that this machine does not have, and removes those of other versions. A part is used as soon as
 * its folder has its final name. After an abort or a failure, downloaded bytes are kept, and the next call resumes them. While another process, or this
 * one, installs the pack, this waits.
 * Throws `gpu-pack-failed`, `connections-off`, `download-damaged`, `disk-full`, `write-failed`, `device-unavailable` if there is no
 * pack for this system.
 */
export async function installGpuPack(options: InstallPackOptions): Promise<void> {
  const { home, signal, files = filesFor() } = options
  if (files.length === 0) {
    throw new TarsierError(
      'device-unavailable',
      `There is no GPU pack for ${process.platform} ${process.arch}. It is for NVIDIA GPUs on Linux x64 and Windows x64.`,
    )
  }
  const folder = packFolder(home)
  try {
    await using _lock = await awaitLock(join(folder, LOCK_FILE), signal, () =>
      options.onProgress?.(progressOfWait(phrase`waiting for another installation of the GPU pack`)),
    )
    const missing: PackFile[] = []
    for (const file of files) if (!(await isUnpacked(home, file)) && !isIncluded(file)) missing.push(file)
    await expectRoom(folder, missing)
    using meter = new TransferMeter(total(missing), (progress) => options.onProgress?.(progress))
    await using client = new PackClient(options.env ?? process.env, { ...defaultRetryPolicy, ...options.retryPolicy })
    for (const file of missing) {
      const archive = await download(client, file, folder, signal, meter)
      meter.say(`unpacking ${file.name}`)
      await unpack(file, archive, home, signal)
      await remove(archive)
    }
    await removeOthers(
      folder,
      files.map((file) => partFolder(home, file)),
    )
    meter.end()
  } catch (error) {
    if (isAbort(error) || error instanceof TarsierError) throw error
    throw writeFailure(`${folder} could not be written`, error, { ifFull: 'Free disk space and install again. Downloaded files are kept.' })
  }
}

/** Deletes the pack, including partial files. Throws `download-busy` while it is being installed, `write-failed` if a file is in use. */
export async function removeGpuPack(home: string): Promise<void> {
  const folder = packFolder(home)
  if ((await stat(folder).catch(() => null)) === null) return
  try {
    {
      await using _lock = await holdLock(join(folder, LOCK_FILE), beingInstalled)
      await removeOthers(folder, [])
    }
    await rmdir(folder)
  } catch (error) {
    if (error instanceof TarsierError) throw error
    throw writeFailure(`${folder} could not be removed. End other programs that use Tarsier's engine`, error)
  }
}

function beingInstalled(holder: number | null): TarsierError {
  return new TarsierError(
    'download-busy',
    `The GPU pack is being installed (process ${holder ?? 'unknown'}). Wait until it is finished, or stop it. Downloaded files are kept.`,
    { details: { process: holder } },
  )
}

/** Path of the downloaded archive, without the extension of partial files. The name has the checksum, so that bytes of another version are not resumed. */
function archivePath(folder: string, file: PackFile): string {
  return join(folder, `${file.use}-${hashOf(file).slice(0, 20)}`)
}

async function download(client: PackClient, file: PackFile, folder: string, signal: AbortSignal, meter: TransferMeter): Promise<string> {
  const target = archivePath(folder, file)
  const damage = (what: string) =>
    new TarsierError('download-damaged', `The download of ${file.name} failed: ${what}. Try again later.`, { details: { file: file.name } })
  await resumableDownload(
    { name: file.name, bytes: file.bytes, hash: hashOf(file) },
    { retryPolicy: client.retryPolicy, damage, open: (headers) => client.open(file.url, headers, signal) },
    {
      stem: target,
      target,
      signal,
      watch: {
        onPresent: (bytes) => meter.present(bytes),
        onFetched: (bytes) => meter.fetched(bytes),
        onWait: (wait, { code }) => meter.say(`retrying ${file.name} in ${Math.ceil(wait / 1000)} s (${code})`),
      },
    },
  )
  return target
}

async function unpack(file: PackFile, archive: string, home: string, signal: AbortSignal): Promise<void> {
  const staging = join(packFolder(home), `${STAGING}-${file.use}`)
  await remove(staging)
  await mkdir(staging)
  if (file.use === 'language') await unpackPackage(archive, staging, signal)
  else {
    await unpackWheel(archive, staging, PROVIDERS, signal)
    // ONNX Runtime looks for its providers beside its own library: see find-pack.ts. A link would break when an AppImage is mounted elsewhere.
    await copyFile(join(runtimeFolder(), RUNTIME), join(staging, RUNTIME))
  }
  await writeJson(join(staging, PART_NOTE), { integrity: file.integrity })
  await remove(partFolder(home, file))
  await move(staging, partFolder(home, file))
}

async function removeOthers(folder: string, kept: readonly string[]): Promise<void> {
  for (const name of await readdir(folder)) if (name !== LOCK_FILE && !kept.includes(join(folder, name))) await remove(join(folder, name))
}

async function expectRoom(folder: string, missing: readonly PackFile[]): Promise<void> {
  let needed = 0
  for (const file of missing) {
    const present = (await stat(`${archivePath(folder, file)}.part`).catch(() => null))?.size ?? 0
    needed += Math.max(0, file.bytes - present) + file.unpacked
  }
  const free = await freeBytes(folder)
  if (needed <= free) return
  throw new TarsierError(
    'disk-full',
    `The GPU pack needs ${megabytesText(needed)} in ${folder} while it is installed, but only ${megabytesText(free)} are free there. Free disk space, or set TARSIER_HOME to a folder on another disk.`,
    { details: { needed, free }, remedy: 'other-home' },
  )
}

function total(files: readonly PackFile[]): number {
  return files.reduce((sum, { bytes }) => sum + bytes, 0)
}

/** Checksum in hexadecimal digits. */
function hashOf({ integrity }: PackFile): string {
  return Buffer.from(integrity.slice(integrity.indexOf('-') + 1), 'base64').toString('hex')
}
