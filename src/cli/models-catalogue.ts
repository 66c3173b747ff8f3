import type { Command } from 'commander'
import { bestForm, type Form, formBytes, languageBytes, runOnMachine, visionBytes } from '../engine/estimate/catalogue-memory.ts'
import { mayStayInFile, towerMemory } from '../engine/estimate/memory-needed.ts'
import { findInCatalogue, readCatalogue } from '../engine/models/catalogue.ts'
import { type FastestPrecision, fastestPrecision } from '../engine/vision/fastest-precision.ts'
import { machineMemory } from '../platform/memory-limit.ts'
import type { CatalogueEntry } from '../shared/catalogue.ts'
import { TarsierError } from '../shared/errors.ts'
import { languagePrecisions, visionPrecisions } from '../shared/model-manifest.ts'
import { sizeText } from '../shared/size-text.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import type { RunCommand } from './interrupt.ts'
import { visionAdvice } from './vision-advice.ts'

/** Numbers of frames for which memory is shown. */
const FRAMES = [8, 16, 32] as const
/** Frames that the fit of a checkpoint is judged with. */
const USUAL_FRAMES = 16
/** Vision precision assumed in the short list: the import's default. */
const VISION = 'f16'

interface CatalogueOptions {
  readonly json?: boolean
}

export function addCatalogue(models: Command, run: RunCommand): void {
  models
    .command('catalogue')
    .summary('list checkpoints that can be imported by name')
    .description(
      "Lists checkpoints that can be imported by name: licence, download size, purpose, and whether they fit this machine's memory. " +
        'With a name, shows the size of every precision and the memory for 8, 16 and 32 frames. Sizes of files that are not on this machine are computed.',
    )
    .argument('[name]', 'a checkpoint of the catalogue')
    .option('--json', 'print one line of JSON per checkpoint instead of text')
    .action((name: string | undefined, options: CatalogueOptions) => run(() => catalogue(name, options)))
}

async function catalogue(name: string | undefined, options: CatalogueOptions): Promise<ExitCode> {
  const entries = name === undefined ? await readCatalogue() : [await entryOf(name)]
  const fastest = await fastestPrecision()
  for (const entry of entries) {
    const lines = options.json
      ? [JSON.stringify(info(entry, fastest))]
      : [...columns(entry), ...(name === undefined ? [] : tables(entry, fastest))]
    process.stdout.write(`${lines.join('\n')}\n`)
  }
  return exitCodes.done
}

async function entryOf(name: string): Promise<CatalogueEntry> {
  const entry = await findInCatalogue(name)
  if (entry !== null) return entry
  const names = (await readCatalogue()).map((one) => one.name)
  throw new TarsierError('model-missing', `The catalogue does not contain "${name}". It contains: ${names.join(', ')}.`, {
    details: { asked: name, models: names },
  })
}

function needs(entry: CatalogueEntry, form: Form) {
  return FRAMES.map((frames) => ({ frames, ...runOnMachine(entry, form, frames) }))
}

function info(entry: CatalogueEntry, fastestVision: FastestPrecision) {
  const { name, repository, family, summary, licence, download } = entry
  const forms = languagePrecisions.flatMap((language) =>
    visionPrecisions.map((vision) => {
      const memory = needs(entry, { language, vision })
      return {
        language,
        vision,
        bytes: formBytes(entry, { language, vision }),
        memory: Object.fromEntries(memory.map(({ frames, bytes }) => [frames, bytes])),
        fits: Object.fromEntries(memory.map(({ frames, fits }) => [frames, fits])),
        towerInFile: Object.fromEntries(memory.map(({ frames, towerInFile }) => [frames, towerInFile])),
      }
    }),
  )
  return { name, repository, family, summary, licence, download, machineMemory: machineMemory(), best: best(entry), fastestVision, forms }
}

function best(entry: CatalogueEntry): Form | null {
  return bestForm(entry, VISION, USUAL_FRAMES)
}

/** Memory of a run, and where the tower's weights are if not in memory. */
function neededText(entry: CatalogueEntry, form: Form): string {
  const { bytes, towerInFile } = runOnMachine(entry, form, USUAL_FRAMES)
  const place = towerInFile ? ", with the vision tower's weights in their file" : ''
  return `about ${sizeText(bytes)} for ${USUAL_FRAMES} frames${place}`
}

function columns(entry: CatalogueEntry): string[] {
  const { name, licence, download, summary, repository } = entry
  const form = best(entry)
  const machine = `this machine's memory (${sizeText(machineMemory())})`
  const fit =
    form === null
      ? `too large for ${machine}: even q4_k_m needs ${neededText(entry, { language: 'q4_k_m', vision: VISION })}`
      : `fits ${machine} with --language ${form.language}: ${neededText(entry, form)}`
  return [
    `${name.padEnd(22)} ${repository}, ${download.approximate ? 'about ' : ''}${sizeText(download.bytes)} to download, licence ${licence.name}`,
    summary,
    ...(licence.note === undefined ? [] : [`Licence: ${licence.note}`]),
    fit,
  ].map((line, index) => (index === 0 ? line : ' '.repeat(23) + line))
}

function tables(entry: CatalogueEntry, fastest: FastestPrecision): string[] {
  const row = (label: string, cells: readonly string[]) => `  ${label.padEnd(10)}${cells.map((cell) => cell.padStart(12)).join('')}`
  return [
    '',
    `After import, and memory with vision ${VISION} (+ with the vision tower's weights in their file, * does not fit here):`,
    row('language', ['file', ...FRAMES.map((frames) => `${frames} frames`)]),
    ...languagePrecisions.map((language) =>
      row(language, [
        sizeText(languageBytes(entry.language, language)),
        ...needs(entry, { language, vision: VISION }).map(({ bytes, fits, towerInFile }) => `${sizeText(bytes)}${mark(fits, towerInFile)}`),
      ]),
    ),
    row('vision', ['file', 'in memory', 'in its file']),
    ...visionPrecisions.map((vision) => {
      const bytes = visionBytes(entry.vision, vision)
      const inFile = mayStayInFile(vision) ? [`${sizeText(towerMemory(bytes, vision, 'file'))} `] : []
      return row(vision, [sizeText(bytes), `${sizeText(towerMemory(bytes, vision))} `, ...inFile])
    }),
    '',
    visionAdvice(fastest),
    '',
    `tarsier models import ${entry.name} --name ${entry.name.toLowerCase()} --language ${best(entry)?.language ?? 'q4_k_m'}`,
  ]
}

function mark(fits: boolean, towerInFile: boolean): string {
  if (!fits) return '*'
  return towerInFile ? '+' : ' '
}
