import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { writeFailure } from '../platform/file-failure.ts'
import { move, remove } from '../platform/move.ts'
import { descriptionPrompt } from '../shared/description-prompt.ts'
import { samplingSchema } from '../shared/sampling.ts'
import { chatMessages } from './conversation/chat-messages.ts'
import { paceOf } from './conversation/prepared-clip.ts'
import { evaluateSlice, SliceTimes } from './conversation/slice-times.ts'
import { type ClipRequest, type Message, type Trace, type TraceRequest, userMessage } from './engine-client.ts'
import { type NamedTensor, writeSafetensors } from './formats/safetensors/safetensors-writer.ts'
import { linePlanes, type SliceTokens } from './language/clip-positions.ts'
import type { Generated } from './language/types.ts'
import type { LoadedModel } from './loaded-model.ts'
import { openClip } from './media/open-clip.ts'
import type { MediaInfo } from './media/types.ts'
import type { Embedded } from './vision/types.ts'

/** Joins [3, n] blocks along n. */
function joinPlanes(blocks: readonly Int32Array[]): Int32Array {
  const count = blocks.reduce((sum, block) => sum + block.length / 3, 0)
  const joined = new Int32Array(3 * count)
  let at = 0
  for (const block of blocks) {
    const width = block.length / 3
    for (let plane = 0; plane < 3; plane += 1) joined.set(block.subarray(plane * width, (plane + 1) * width), plane * count + at)
    at += width
  }
  return joined
}

function concat<T extends Float32Array | Uint8Array>(parts: readonly T[], make: (length: number) => T): T {
  const joined = make(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    joined.set(part, at)
    at += part.length
  }
  return joined
}

/** A clip of a trace, with the tower's input and output per slice. */
interface TracedClip {
  readonly request: ClipRequest
  readonly slices: readonly Embedded[]
  readonly shape: SliceTokens
  /** Text before the clip, and tokens before each slice; the latter are null if slices have no text between them. */
  readonly leadIn: string
  readonly leads: readonly (readonly number[] | null)[]
}

/** A greedy answer with all intermediate results. */
export interface Traced {
  readonly clips: readonly TracedClip[]
  /** Prompt tokens as evaluated; visual positions are -1. */
  readonly tokens: readonly number[]
  /** [3, tokens] */
  readonly positions: Int32Array
  /** Logits of the first new token, [vocabulary]. */
  readonly logits: Float32Array
  readonly generated: Generated
}

/** Answers as a conversation does, without any cache. */
export async function traceMessages(
  model: LoadedModel,
  { messages, maxTokens }: { readonly messages: readonly Message[]; readonly maxTokens: number },
  signal: AbortSignal,
): Promise<Traced> {
  const { language } = model.resources
  const clips: TracedClip[] = []
  for (const part of messages.flatMap(({ content }) => content))
    if (part.kind === 'clip') clips.push(await traceTower(model, part.clip, signal))
  const shown = chatMessages(
    messages,
    clips.map(({ leadIn }) => leadIn),
  )
  const prompt = await language.prompt(shown, { addGenerationPrompt: true })
  const rows = clips.reduce((sum, { slices, shape, leads }) => sum + slices.length * shape.rows + leads.flat().length, 0)
  const words = prompt.reduce((sum, segment) => sum + (segment.kind === 'tokens' ? segment.tokens.length : 0), 0)
  await using session = await language.open({ cells: words + rows + maxTokens })
  const tokens: number[] = []
  const planes: Int32Array[] = []
  const unseen = [...clips]
  for (const segment of prompt) {
    const start = session.mark.position
    if (segment.kind === 'tokens') {
      await session.evaluateTokens(segment.tokens, signal)
      tokens.push(...segment.tokens)
      planes.push(linePlanes(start, segment.tokens.length))
      continue
    }
    const { slices = [], shape = { grid: [0, 0], rows: 0 }, leads = [] } = unseen.shift() ?? {}
    for (const [slice, { rows: ofSlice }] of slices.entries()) {
      const lead = leads[slice] ?? null
      const before = linePlanes(session.mark.position, lead?.length ?? 0)
      const positions = await evaluateSlice(session, language.positions, { rows: ofSlice, shape, start, slice, lead }, signal)
      tokens.push(...(lead ?? []), ...Array<number>(shape.rows).fill(-1))
      planes.push(before, positions)
    }
  }
  const logits = await session.logits()
  const pieces = session.generate(samplingSchema.parse({ maxTokens }), signal)
  let next = await pieces.next()
  while (next.done !== true) next = await pieces.next()
  return { clips, tokens, positions: joinPlanes(planes), logits, generated: next.value }
}

async function traceTower(model: LoadedModel, request: ClipRequest, signal: AbortSignal): Promise<TracedClip> {
  const tower = await model.resources.tower()
  await using clip = await openClip(request.path, signal)
  const plan = clip.plan(request.frames, model.resources.manifest.sampler)
  const slices: Embedded[] = []
  const options = { frameCount: plan.indices.length, maxPixels: request.maxPixels, minPixels: request.minPixels, signal }
  for await (const slice of tower.embed(clip.frames(plan, signal), options)) slices.push(slice)
  const [first] = slices
  if (!first) throw new Error('a clip that gives no frame should have thrown no-frames')
  const { costs, language } = model.resources
  const times = SliceTimes.of(costs.form, language, clip.info, plan.indices.length)
  return {
    request,
    slices,
    shape: { grid: first.grid, rows: first.rows.length / tower.width, pace: paceOf(costs.form, plan) },
    leadIn: times?.text(first.frames) ?? '',
    leads: times === null ? [] : slices.map(({ frames }, i) => (i === 0 ? [] : times.lead(frames))),
  }
}

/**
 * Writes all intermediate results of a greedy answer about a clip, for comparison with the reference:
 * `trace.json` ({@link Trace}) and `tensors.safetensors` (frames, embeddings, positions, logits of the first new token).
 */
export async function traceClip(model: LoadedModel, request: TraceRequest, signal: AbortSignal): Promise<Trace> {
  const { manifest } = model.resources
  const prompt = request.prompt ?? descriptionPrompt(manifest.prompt, await kindOf(request.clip, signal))
  const traced = await traceMessages(model, { messages: [userMessage(prompt, request.clip)], maxTokens: request.maxTokens }, signal)
  const slices = traced.clips[0]?.slices ?? []
  const seen = slices.flatMap(({ frames }) => frames)
  const { width = 0, height = 0 } = seen[0]?.picture ?? {}
  const { patchSize } = manifest.vision
  const trace: Trace = {
    clip: request.clip.path,
    model: manifest.name,
    indices: seen.map((frame) => frame.index),
    times: seen.map((frame) => frame.time),
    grid: [slices.length, height / patchSize, width / patchSize],
    prompt,
    tokens: traced.tokens,
    generated: traced.generated.tokens,
    text: traced.generated.text,
    device: model.resources.devices(),
  }
  const rows = slices.map((slice) => slice.rows)
  await writeTrace(request.out, trace, [
    {
      name: 'frames',
      dtype: 'U8',
      shape: [seen.length, height, width, 3],
      data: concat(
        seen.map((frame) => frame.picture.rgb),
        (length) => new Uint8Array(length),
      ),
    },
    {
      name: 'embeddings',
      dtype: 'F32',
      shape: [rows.reduce((sum, { length }) => sum + length, 0) / manifest.vision.width, manifest.vision.width],
      data: concat(rows, (length) => new Float32Array(length)),
    },
    { name: 'positions', dtype: 'I32', shape: [3, traced.tokens.length], data: traced.positions },
    { name: 'logits', dtype: 'F32', shape: [traced.logits.length], data: traced.logits },
  ])
  return trace
}

async function kindOf({ path }: ClipRequest, signal: AbortSignal): Promise<MediaInfo['kind']> {
  await using clip = await openClip(path, signal)
  return clip.info.kind
}

async function writeTrace(directory: string, trace: Trace, tensors: readonly NamedTensor[]): Promise<void> {
  const json = join(directory, 'trace.json')
  const temporary = `${json}.part`
  try {
    await mkdir(directory, { recursive: true })
    await writeSafetensors(join(directory, 'tensors.safetensors'), tensors)
    await writeFile(temporary, `${JSON.stringify(trace, null, 2)}\n`)
    await move(temporary, json)
  } catch (error) {
    throw writeFailure(`The trace could not be written to ${directory}`, error)
  } finally {
    await remove(temporary)
  }
}
