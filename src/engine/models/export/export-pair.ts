import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { readFailure } from '../../../platform/file-failure.ts'
import type { Progress } from '../../../shared/engine-events.ts'
import { TarsierError } from '../../../shared/errors.ts'
import type { ModelManifest } from '../../../shared/model-manifest.ts'
import { phrase } from '../../../shared/phrase.ts'
import { mmprojContent } from '../../checkpoint/mmproj-content.ts'
import { familyOf } from '../../families/families.ts'
import { containedPath } from '../../formats/contained-file.ts'
import { encodeGguf, ggufBytes } from '../../formats/gguf/gguf-writer.ts'
import { GrowingFile, type HashedFile } from '../../formats/growing-file.ts'
import { GraphWeights } from '../../formats/onnx/graph-weights.ts'
import { checkTowerFiles } from '../../vision/tower-files.ts'
import { expectFreeSpace, writeStagedFolder } from '../import/write-staged-folder.ts'
import { readManifest } from '../manifest.ts'

const COPY_BYTES = 4 * 1024 * 1024

export interface PairExportOptions {
  readonly signal: AbortSignal
  readonly onProgress?: (progress: Progress) => void
}

export interface ExportedPair {
  /** Paths of the language model and of its mmproj file. */
  readonly language: string
  readonly mmproj: string
  /** What differs from the model, as sentences for the user. */
  readonly notices: readonly string[]
}

/**
 * Exports an installed model as the two files that llama.cpp loads: the language model, copied as it is, and its tower with the projector as
 * an mmproj file. `destination` must not exist; it is written to a temporary folder and renamed when complete, so that a failure or an abort
 * leaves nothing.
 * Throws `model-unsupported` for towers that cannot be exported in this form, `model-damaged`, `model-exists`, `disk-full`,
 * `write-failed`.
 * @param directory the model's folder
 */
export async function exportPair(directory: string, destination: string, options: PairExportOptions): Promise<ExportedPair> {
  const { signal, onProgress } = options
  signal.throwIfAborted()
  const target = resolve(destination)
  const manifest = await readManifest(directory)
  const { language, vision } = manifest
  const { pair } = familyOf(manifest)
  const { graph } = await checkTowerFiles(directory, vision)
  await using weights = await GraphWeights.open(graph, directory, vision.data?.file)
  const written = pair.write(manifest, weights)
  const { name, licence } = manifest
  const content = mmprojContent(written, {
    name,
    licence: licence === 'unknown' ? undefined : licence,
    precision: vision.precision,
    signal,
  })
  const files = fileNames(manifest)
  const bytes = language.bytes + ggufBytes(content)
  const key = createHash('sha256').update(`${directory}\n${target}`).digest('hex')
  await writeStagedFolder(dirname(target), basename(target), { name: basename(target), key }, async (staging) => {
    await expectFreeSpace(staging.directory, bytes)
    let done = 0
    const onWritten = (title: string) => (piece: number) => {
      done += piece
      onProgress?.({ value: (0.99 * done) / bytes, title })
    }
    const to = (file: string) => join(staging.directory, file)
    const copied = await writeFile(to(files.language), filePieces(directory, language.file), {
      signal,
      onWritten: onWritten(phrase`copying the language model`),
    })
    if (copied.sha256 !== language.sha256) throw changed(join(directory, language.file))
    await writeFile(to(files.mmproj), encodeGguf(content), { signal, onWritten: onWritten(phrase`writing the vision tower`) })
    signal.throwIfAborted()
    onProgress?.({ value: 1, title: 'done' })
  })
  return {
    language: join(target, files.language),
    mmproj: join(target, files.mmproj),
    notices: [...precisionNotices(manifest), ...written.notices],
  }
}

function precisionNotices({ vision: { precision, error } }: ModelManifest): string[] {
  if (precision === 'f32' || precision === 'f16') return []
  const measured = error === undefined ? '' : ` (cosine ${error.cosine.toFixed(5)} to those of its checkpoint)`
  return [
    `The vision tower is stored in ${precision}, so the exported weights are the rounded ones${measured}. For the exact ones, import the checkpoint with the vision precision f16 or f32, and export that model.`,
  ]
}

/** File names as llama.cpp's users know them: the precision at the end, and "mmproj" at the start, by which other programs find the tower. */
function fileNames({ name, language, vision }: ModelManifest): { readonly language: string; readonly mmproj: string } {
  const plain = name.replace(/[^A-Za-z0-9._-]+/g, '-').replace(/^[.-]+/, '') || 'model'
  const precision = language.precision === 'other' ? '' : `-${language.precision}`
  return { language: `${plain}${precision}.gguf`, mmproj: `mmproj-${plain}-${vision.precision === 'f32' ? 'f32' : 'f16'}.gguf` }
}

function changed(path: string): TarsierError {
  return new TarsierError('model-damaged', `${path} was changed after the import. Import or copy the model again.`)
}

async function* filePieces(directory: string, file: string): AsyncGenerator<Uint8Array> {
  const path = await containedPath(directory, file)
  if (path === null) throw changed(join(directory, file))
  try {
    yield* createReadStream(path, { highWaterMark: COPY_BYTES })
  } catch (error) {
    throw readFailure(path, error)
  }
}

async function writeFile(
  path: string,
  pieces: AsyncIterable<Uint8Array>,
  { signal, onWritten }: { readonly signal: AbortSignal; readonly onWritten: (bytes: number) => void },
): Promise<HashedFile> {
  const file = await GrowingFile.open(path, 'wx')
  try {
    for await (const piece of pieces) {
      signal.throwIfAborted()
      await file.append(piece)
      if (file.flushIsDue) await file.flush()
      onWritten(piece.byteLength)
    }
    return await file.finish()
  } finally {
    await file.close()
  }
}
