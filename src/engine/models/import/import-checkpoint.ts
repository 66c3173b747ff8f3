import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import type { Progress } from '../../../shared/engine-events.ts'
import { type LanguagePrecision, MANIFEST_FILE, modelManifestSchema, type VisionPrecision } from '../../../shared/model-manifest.ts'
import { phrase } from '../../../shared/phrase.ts'
import { folderName, sourceOf } from '../../checkpoint/checkpoint-source.ts'
import type { ModelOptions } from '../../checkpoint/model-parts.ts'
import { towerForm } from '../../families/families.ts'
import { tryTemplate } from '../../language/prompt-template.ts'
import { expectGraphFits } from '../../vision/graph-fit.ts'
import { checkTowerFiles } from '../../vision/tower-files.ts'
import { findInCatalogue } from '../catalogue.ts'
import { expectModelName, freeModelFolder } from '../manage.ts'
import { verifyModel } from '../manifest.ts'
import { ImportProgress } from './import-progress.ts'
import { type ImportSource, openImportSource, type SourceCompanions } from './import-source.ts'
import { languageWork } from './write-language.ts'
import { expectFree, expectFreeSpace, writeStagedFolder } from './write-staged-folder.ts'
import { towerWork, type WrittenTower } from './write-tower.ts'

/** Share of writing in the progress; the rest is verification. */
const WRITING = 0.9
/** Increment when the writers' output for the same source changes, so that interrupted imports of older versions are not resumed. */
const PIECES_VERSION = 2

export interface ImportOptions extends ModelOptions, SourceCompanions {
  readonly language: LanguagePrecision
  readonly vision: VisionPrecision
  /** Home folder; the model is written to its `models` folder. */
  readonly home: string
  /** Folder to write the model to, with any name, if it will later be renamed. Defaults to `models/<name>` of the home. */
  readonly destination?: string
  readonly signal: AbortSignal
  readonly onProgress?: (progress: Progress) => void
}

/**
 * Imports a Hugging Face checkpoint folder, or a GGUF and its mmproj file, as a model folder, and returns its path. A checkpoint of the catalogue gets the
 * defaults that stand there. The model is written to
 * a hidden folder, read back and verified, and then renamed. A failure leaves nothing, unless disk space, memory or permissions were
 * insufficient. In that case, and after an abort or the death of the process, the hidden folder is kept, and the next import with the same
 * key resumes it.
 * Throws `usage` for an invalid name, `model-exists`, `model-damaged`, `model-unsupported`, `model-mismatch`, `file-missing`,
 * `file-unreadable`, `disk-full`, `write-failed`.
 */
export async function importCheckpoint(source: string, options: ImportOptions): Promise<string> {
  const { signal } = options
  signal.throwIfAborted()
  const target = await targetOf(options)
  await expectFree(target, basename(target))
  await using opened = await openImportSource(source, options, { ...(await catalogueDefaults(source)), ...options })
  const { parts } = opened
  await tryTemplate(parts.manifest.prompt)
  const work = languageWork(parts.language, options.language, signal)
  const of = { name: options.name, key: keyOf(opened, options) }
  return await writeStagedFolder(dirname(target), basename(target), of, async ({ directory, journal }) => {
    const tower = towerWork(parts.tower, options.vision)
    const there = journal.language ? work.bytes : (journal.begun?.bytes ?? 0)
    await expectFreeSpace(directory, work.bytes + tower.diskBytes, there)
    const progress = new ImportProgress(work.bytes + tower.bytes, WRITING, options.onProgress ?? (() => {}))

    const language = journal.language ?? (await work.write(directory, journal, signal, (bytes, title) => progress.bytes(bytes, title)))
    const manifestOf = (vision: WrittenTower) =>
      modelManifestSchema.parse({
        ...parts.manifest,
        source: { ...parts.manifest.source, ...(options.adapter !== undefined && { adapter: folderName(resolve(options.adapter)) }) },
        language: { ...parts.language.metadata, ...language, precision: work.precision },
        vision: { ...parts.tower.metadata, ...vision },
      })
    const vision = await tower.write({ directory, journal, signal }, manifestOf, (bytes, title) =>
      progress.bytes(work.bytes + bytes, title),
    )
    const manifest = manifestOf(vision)
    await writeFile(join(directory, MANIFEST_FILE), `${JSON.stringify(manifest, null, 2)}\n`, { flag: 'wx' })
    progress.say(WRITING, phrase`checking the written files`)
    await verifyModel(directory, signal)
    const { graph } = await checkTowerFiles(directory, manifest.vision)
    expectGraphFits(graph, manifest, towerForm(manifest))
    signal.throwIfAborted()
    progress.say(1, 'done')
  })
}

/** Hash of everything that affects the files; an import with a different key starts from scratch. */
function keyOf({ fingerprint, parts }: ImportSource, { language, vision }: ImportOptions): string {
  return createHash('sha256')
    .update(JSON.stringify([PIECES_VERSION, language, vision, parts.manifest, parts.language.metadata, fingerprint]))
    .digest('hex')
}

/** What the catalogue says of a checkpoint, by its repository in the Hugging Face cache or the name of its folder. */
async function catalogueDefaults(source: string): Promise<Omit<ModelOptions, 'name'>> {
  return (await findInCatalogue(sourceOf(resolve(source)).repository))?.defaults ?? {}
}

async function targetOf({ name, home, destination }: ImportOptions): Promise<string> {
  if (destination === undefined) return await freeModelFolder(name, home)
  expectModelName(name)
  return resolve(destination)
}
