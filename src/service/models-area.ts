import { bestForm, formBytes, runOnMachine } from '../engine/estimate/catalogue-memory.ts'
import { readCatalogue } from '../engine/models/catalogue.ts'
import { removeModel } from '../engine/models/manage.ts'
import { modelBytes } from '../engine/models/manifest.ts'
import { DEMO_MODEL, listModels, type ModelEntry } from '../engine/models/registry.ts'
import { machineMemory } from '../platform/memory-limit.ts'
import type { CatalogueEntry } from '../shared/catalogue.ts'
import type { CatalogueForm, CatalogueModel, InstalledModel } from '../shared/contract/models.ts'
import { languagePrecisions, type Preset, type VisionPrecision } from '../shared/model-manifest.ts'
import { sizeText } from '../shared/size-text.ts'
import { implementer } from './procedures.ts'

const area = implementer.models

export const modelsArea = {
  list: area.list.handler(async ({ context: { service } }) => (await listModels(service.home)).map(installed)),
  loadInAdvance: area.loadInAdvance.handler(({ context: { service } }) => service.advanceLoading.begin()),
  catalogue: area.catalogue.handler(async () => (await readCatalogue()).map(offered)),
  download: area.download.handler(({ input: { repository, ...rest }, context: { service } }) =>
    service.models.start({ kind: 'download', source: repository, ...rest }),
  ),
  import: area.import.handler(({ input: { source, adapter, ...rest }, context: { service } }) =>
    service.models.start({
      kind: 'import',
      source: service.folders.get(source),
      revision: '',
      ...(adapter !== undefined && { adapter: service.folders.get(adapter) }),
      ...rest,
    }),
  ),
  jobs: area.jobs.handler(({ context: { service }, signal }) => service.models.watched.watch(signal)),
  pause: area.pause.handler(({ input, context: { service } }) => service.models.pause(input.job)),
  resume: area.resume.handler(({ input, context: { service } }) => service.models.resume(input.job)),
  cancel: area.cancel.handler(({ input, context: { service } }) => service.models.cancel(input.job)),
  remove: area.remove.handler(async ({ input, context: { service } }) => {
    // Some systems cannot remove files that a process has open.
    if (service.engines.model === input.name && service.runs.running === null) await service.engines.unload()
    await removeModel(input.name, service.home)
  }),
}

function installed({ name, manifest, problem }: ModelEntry): InstalledModel {
  return {
    name,
    demo: name === DEMO_MODEL,
    recognizesOnly: manifest?.recognizesOnly ?? null,
    summary: manifest?.summary ?? '',
    family: manifest?.family ?? null,
    licence: manifest?.licence ?? 'unknown',
    repository: manifest?.source.repository ?? '',
    bytes: manifest ? modelBytes(manifest) : 0,
    language: manifest?.language.precision ?? null,
    vision: manifest?.vision.precision ?? null,
    context: manifest?.maxSequence ?? 0,
    defaults: manifest && {
      frames: { kind: manifest.sampler.kind, count: manifest.sampler.frames },
      prompt: manifest.prompt.describe,
      generation: manifest.generation,
    },
    prompts: manifest?.prompts ?? generalPrompts,
    problem,
  }
}

/** Ready questions for models that have none of their own, after the instructions in Tarsier's papers. */
const generalPrompts: readonly Preset[] = [
  { name: 'Detailed description', text: 'Describe the video in detail.' },
  { name: 'One sentence', text: 'Describe the video in one sentence.' },
  { name: 'Events only', text: 'List the events of the video in the order in which they happen.' },
  { name: 'Frame by frame', text: 'Describe the video frame by frame.' },
  { name: 'Appearance and background', text: 'Describe how the people and things in the video look, and the background.' },
]

/** Default vision precision of imports. */
const VISION: VisionPrecision = 'f16'
/** Number of frames of the memory estimate. */
const FRAMES = 16

function offered(entry: CatalogueEntry): CatalogueModel {
  const { repository, name, summary, licence, download } = entry
  const forms = languagePrecisions.map((language) => formOf(entry, { language, vision: VISION }))
  const best = bestForm(entry, VISION, FRAMES)
  return {
    repository,
    title: name,
    summary,
    licence: licence.name,
    licenceNote: licence.note ?? null,
    nonCommercial: licence.nonCommercial ?? false,
    download: download.bytes,
    forms: forms.map((form) => ({ ...form, recommended: form.language === best?.language })),
  }
}

function formOf(entry: CatalogueEntry, form: Pick<CatalogueForm, 'language' | 'vision'>): CatalogueForm {
  const { bytes: memory, fits, towerInFile } = runOnMachine(entry, form, FRAMES)
  const [needed, available] = [sizeText(memory), sizeText(machineMemory())]
  const numbers = towerInFile
    ? `Needs about ${needed} of memory with ${FRAMES} frames, with the weights of the vision tower in their file; this machine has ${available}.`
    : `Needs about ${needed} of memory with ${FRAMES} frames; this machine has ${available}.`
  return {
    ...form,
    bytes: formBytes(entry, form),
    memory,
    fit: fits
      ? { verdict: 'good', reason: numbers }
      : { verdict: 'too-large', reason: [numbers, 'The model would fail or be extremely slow.'].join(' ') },
    recommended: false,
  }
}
