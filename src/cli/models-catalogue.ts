import type { Command } from 'commander'
import { type Form, formBytes, languageBytes, runningMemory, visionBytes } from '../engine/estimate/catalogue-memory.ts'
import { fitsMachine, towerMemory } from '../engine/estimate/memory-needed.ts'
import { findInCatalogue, readCatalogue } from '../engine/models/catalogue.ts'
import { machineMemory } from '../platform/memory-limit.ts'
import type { CatalogueEntry } from '../shared/catalogue.ts'
import { TarsierError } from '../shared/errors.ts'
import { languagePrecisions, visionPrecisions } from '../shared/model-manifest.ts'
import { sizeText } from '../shared/size-text.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import type { RunCommand } from './interrupt.ts'

/** Numbers of frames for which memory is shown. */
const FRAMES = [8, 16, 32] as const
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
  for (const entry of entries) {
    const lines = options.json ? [JSON.stringify(info(entry))] : [...columns(entry), ...(name === undefined ? [] : tables(entry))]
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
  return FRAMES.map((frames) => ({ frames, bytes: runningMemory(entry, form, frames) }))
}

/** Candidate precisions, most precise first. More than eight bits take twice the memory and time without visible benefit. */
const SENSIBLE = ['q8_0', 'q6_k', 'q5_k_m', 'q4_k_m'] as const

/** Returns the most precise candidate that fits into this machine's memory with 16 frames. */
function bestForm(entry: CatalogueEntry): Form | null {
  const forms = SENSIBLE.map((language) => ({ language, vision: VISION }) as const)
  return forms.find((form) => fitsMachine(with16(entry, form))) ?? null
}

function with16(entry: CatalogueEntry, form: Form): number {
  return runningMemory(entry, form, 16)
}

function info(entry: CatalogueEntry) {
  const { name, repository, family, summary, licence, download } = entry
  const forms = languagePrecisions.flatMap((language) =>
    visionPrecisions.map((vision) => {
      const memory = needs(entry, { language, vision })
      return {
        language,
        vision,
        bytes: formBytes(entry, { language, vision }),
        memory: Object.fromEntries(memory.map(({ frames, bytes }) => [frames, bytes])),
        fits: Object.fromEntries(memory.map(({ frames, bytes }) => [frames, fitsMachine(bytes)])),
      }
    }),
  )
  return { name, repository, family, summary, licence, download, machineMemory: machineMemory(), best: bestForm(entry), forms }
}

function columns(entry: CatalogueEntry): string[] {
  const { name, licence, download, summary, repository } = entry
  const best = bestForm(entry)
  const machine = `this machine's memory (${sizeText(machineMemory())})`
  const fit =
    best === null
      ? `too large for ${machine}: even q4_k_m needs about ${sizeText(with16(entry, { language: 'q4_k_m', vision: VISION }))} for 16 frames`
      : `fits ${machine} with --language ${best.language}: about ${sizeText(with16(entry, best))} for 16 frames`
  return [
    `${name.padEnd(22)} ${repository}, ${download.approximate ? 'about ' : ''}${sizeText(download.bytes)} to download, licence ${licence.name}`,
    summary,
    ...(licence.note === undefined ? [] : [`Licence: ${licence.note}`]),
    fit,
  ].map((line, index) => (index === 0 ? line : ' '.repeat(23) + line))
}

function tables(entry: CatalogueEntry): string[] {
  const row = (label: string, cells: readonly string[]) => `  ${label.padEnd(10)}${cells.map((cell) => cell.padStart(12)).join('')}`
  return [
    '',
    `After import, and memory with vision ${VISION} (* does not fit here):`,
    row('language', ['file', ...FRAMES.map((frames) => `${frames} frames`)]),
    ...languagePrecisions.map((language) =>
      row(language, [
        sizeText(languageBytes(entry.language, language)),
        ...needs(entry, { language, vision: VISION }).map(({ bytes }) => `${sizeText(bytes)}${fitsMachine(bytes) ? ' ' : '*'}`),
      ]),
    ),
    row('vision', ['file', 'in memory']),
    ...visionPrecisions.map((vision) => {
      const bytes = visionBytes(entry.vision, vision)
      return row(vision, [sizeText(bytes), `${sizeText(towerMemory(bytes, vision))} `])
    }),
    '',
    `tarsier models import ${entry.name} --name ${entry.name.toLowerCase()} --language ${bestForm(entry)?.language ?? 'q4_k_m'}`,
  ]
}
