import { join } from 'node:path'
import { readManifest } from '../engine/models/manifest.ts'
import { resolveModel } from '../engine/models/registry.ts'
import { resourceFolder } from '../platform/resource-folder.ts'
import type { AskSettings } from '../shared/contract/asking.ts'
import type { FramePicture, PreviewProgress } from '../shared/contract/clips.ts'
import { TarsierError } from '../shared/errors.ts'
import { examples } from '../shared/examples.ts'
import { implementer, needed } from './procedures.ts'
import { modelOf, resolveSettings } from './resolved-settings.ts'
import type { Service } from './service.ts'

const area = implementer.clips

export const clipsArea = {
  get: area.get.handler(async ({ input, context: { service }, signal }) =>
    service.clips.metadata(await service.clips.get(input.handle, needed(signal))),
  ),

  examples: area.examples.handler(() => examples),

  openExample: area.openExample.handler(async ({ input, context: { service }, signal }) => {
    const example = examples.find(({ name }) => name === input.name)
    if (!example) throw new TarsierError('file-missing', `The example "${input.name}" does not exist.`)
    return service.clips.metadata(await service.clips.open(join(exampleFolder(), example.name), {}, needed(signal)))
  }),

  frameSteps: area.frameSteps.handler(async ({ input, context: { service }, signal }) => {
    const clip = await service.clips.present(input.handle, needed(signal))
    return service.media.frameSteps(clip.path, needed(signal))
  }),

  thumbnail: area.thumbnail.handler(async ({ input, context: { service }, signal }) => {
    const jpeg = await service.clips.thumbnail(input.handle, input.time ?? null, needed(signal))
    return { jpeg: jpeg && base64(jpeg) }
  }),

  frames: area.frames.handler(async function* ({ input, context: { service }, signal: given }): AsyncGenerator<FramePicture, void> {
    const signal = needed(given)
    const { handle, ...asked } = input
    const clip = await service.clips.present(handle, signal)
    const { manifest, request } = await framesOf(service, asked)
    for await (const { bytes, ...frame } of service.media.pictures({ path: clip.path, ...request }, manifest, signal))
      yield { ...frame, jpeg: base64(bytes) }
  }),

  preview: area.preview.handler(async function* ({ input, context: { service }, signal: given }): AsyncGenerator<PreviewProgress, void> {
    const signal = needed(given)
    const clip = await service.clips.present(input.handle, signal)
    for await (const value of service.previews.make(clip, signal)) yield { kind: 'making', value }
    yield { kind: 'ready' }
  }),

  locate: area.locate.handler(async ({ input, context: { service }, signal }) =>
    service.clips.metadata(await service.clips.locate(input.handle, input.file, input.force, needed(signal))),
  ),
}

/** Resolves which frames a model would get, with defaults for unset options. */
async function framesOf(service: Service, request: AskSettings) {
  const stored = service.library.settings.get()
  const manifest = await readManifest(await resolveModel(modelOf(request, undefined, stored), service.home))
  const settings = resolveSettings(request, undefined, stored, manifest)
  return { manifest, request: { frames: settings.frames, maxPixels: settings.maxPixels } }
}

function exampleFolder(): string {
  const folder = resourceFolder('examples', examples[0].name)
  if (folder !== null) return folder
  throw new TarsierError('internal', 'The example clips of the app are missing. Install Tarsier Desktop again.')
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}
