import { createHash } from 'node:crypto'
import { mkdir, open } from 'node:fs/promises'
import { extname, join } from 'node:path'
import type { StoredClip } from '../library/clips.ts'
import { newId } from '../library/ids.ts'
import { freeBytes } from '../platform/disk.ts'
import { writeFailure } from '../platform/file-failure.ts'
import { move, remove } from '../platform/move.ts'
import type { Service } from '../service/service.ts'
import { TarsierError } from '../shared/errors.ts'
import { megabytesText, sizeText } from '../shared/size-text.ts'

export interface UploadOptions {
  /** Name of the file, with the folders that the browser sent. */
  readonly name: string
  /** Largest size in bytes. */
  readonly limit: number
}

/**
 * Streams a request's body to disk and opens it as a clip. The file is removed if it is too large, incomplete, not media, or a copy of an
 * existing upload. Throws `upload-too-large`, `disk-full`, `file-empty`, and as `openClip` does.
 */
export async function receiveUpload(service: Service, request: Request, { name, limit }: UploadOptions): Promise<StoredClip> {
  const promised = Number(request.headers.get('content-length') ?? 0)
  if (promised > limit) throw tooLarge(limit)
  const stem = join(service.uploads, newId())
  const part = `${stem}.part`
  const path = `${stem}${endingOf(name)}`
  try {
    await mkdir(service.uploads, { recursive: true })
    await expectFreeSpace(service.uploads, promised)
    const hash = await writeBody(request, part, limit)
    await move(part, path)
    const clip = await service.clips.open(path, { upload: { given: givenPath(name), hash } }, request.signal)
    // The clip uses an existing copy of the same content.
    if (clip.path !== path) await remove(path)
    return clip
  } catch (error) {
    await remove(part)
    await remove(path)
    throw byItsName(diskFailure(error), path, nameFor(name))
  }
}

/** Writes the body to disk and returns its SHA-256. */
async function writeBody(request: Request, path: string, limit: number): Promise<string> {
  const hash = createHash('sha256')
  let bytes = 0
  await using file = await open(path, 'wx')
  // The body is not cancelled if it is too large: the connection reads and discards the rest, which a cancelled body would still receive.
  for await (const piece of request.body?.values({ preventCancel: true }) ?? []) {
    request.signal.throwIfAborted()
    bytes += piece.byteLength
    if (bytes > limit) throw tooLarge(limit)
    hash.update(piece)
    await file.writeFile(piece)
  }
  request.signal.throwIfAborted()
  if (bytes === 0)
    throw new TarsierError('file-empty', 'The file is empty (0 bytes). It may not have been copied or downloaded completely.')
  await file.sync()
  return hash.digest('hex')
}

async function expectFreeSpace(folder: string, bytes: number): Promise<void> {
  const free = await freeBytes(folder)
  if (bytes > free) throw full(`the file has ${megabytesText(bytes)}, and ${megabytesText(free)} are free`)
}

function diskFailure(error: unknown): unknown {
  return writeFailure('The file could not be stored', error, { ifFull: 'Free disk space and try again. No existing data was lost.' })
}

/** Rewrites an error about the uploaded copy so that it names the user's file. */
function byItsName(error: unknown, path: string, name: string): unknown {
  if (!(error instanceof TarsierError) || !error.message.includes(path)) return error
  const { code, message, details, remedy } = error
  return new TarsierError(
    code,
    message.replaceAll(path, () => name),
    { cause: error, details, remedy },
  )
}

function full(why: string): TarsierError {
  return new TarsierError(
    'disk-full',
    `There is not enough disk space for the file: ${why}. Free disk space and try again. No existing data was lost.`,
  )
}

function tooLarge(limit: number): TarsierError {
  return new TarsierError(
    'upload-too-large',
    `The file is larger than the limit of ${sizeText(limit)}. Start the server with a larger --max-upload.`,
    {
      details: { limit },
    },
  )
}

/** Returns the name to display: the browser's name without folders and invisible characters. */
export function nameFor(name: string): string {
  return shownName(name.split(/[\\/]/).at(-1) ?? '') || 'clip'
}

/** Returns the display name with its folders, if any. It is never used as a path. */
function givenPath(name: string): string {
  const folders = name.split(/[\\/]/).slice(0, -1)
  return [...folders.map(shownName).filter((folder) => folder !== ''), nameFor(name)].join('/')
}

function shownName(name: string): string {
  const shown = [...name.replace(/\p{C}/gu, '')].slice(0, 255).join('').trim()
  return shown === '.' || shown === '..' ? '' : shown
}

/** Returns the extension for the copy, for recognition only: the format is determined from the content. */
function endingOf(name: string): string {
  const ending = extname(name).toLowerCase()
  return /^\.[a-z0-9]{1,5}$/.test(ending) && ending !== '.part' ? ending : ''
}
