import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { descriptionPrompt } from '../shared/description-prompt.ts'
import { samplingSchema } from '../shared/sampling.ts'
import { framePlanes, linePlanes, positionAfterClip } from './conversation/clip-positions.ts'
import type { Trace, TraceRequest } from './engine-client.ts'
import type { LoadedModel } from './loaded-model.ts'
import { openClip } from './media/open-clip.ts'
import { type NamedTensor, writeSafetensors } from './models/safetensors-writer.ts'
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

/**
 * One greedy answer with everything between pixels and words written down, for comparison with the reference:
 * `trace.json` ({@link Trace}) and `tensors.safetensors` (frames, embeddings, positions, logits of the first new token).
 * Nothing comes from the cache.
 */
export async function traceClip(model: LoadedModel, request: TraceRequest, signal: AbortSignal): Promise<Trace> {
  const { language, manifest } = model.resources
  const { positions } = language
  const tower = await model.resources.tower()
  await using clip = await openClip(request.clip.path, signal)
  const plan = clip.plan(request.clip.frames, manifest.sampler)
  const seen: Embedded[] = []
  const options = { frameCount: plan.indices.length, maxPixels: request.clip.maxPixels, signal }
  for await (const frame of tower.embed(clip.frames(plan, signal), options)) seen.push(frame)
  const first = seen[0]
  if (!first) throw new Error('a clip that gives no frame should have thrown no-frames')
  const { picture, grid } = first
  const shape = { grid, rows: first.rows.length / tower.width }

  const text = request.prompt ?? descriptionPrompt(manifest.prompt, clip.info.kind)
  const prompt = language.prompt([{ role: 'user', content: [{ type: 'video' }, { type: 'text', text }] }], {
    addGenerationPrompt: true,
  })
  const textLength = prompt.reduce((sum, segment) => sum + (segment.kind === 'tokens' ? segment.tokens.length : 0), 0)
  await using session = await language.open({ cells: textLength + seen.length * shape.rows + request.maxTokens })
  const tokens: number[] = []
  const planes: Int32Array[] = []
  for (const segment of prompt) {
    const start = session.mark.position
    if (segment.kind === 'tokens') {
      await session.evaluateTokens(segment.tokens, signal)
      tokens.push(...segment.tokens)
      planes.push(linePlanes(start, segment.tokens.length))
      continue
    }
    for (const [i, frame] of seen.entries()) {
      const ofFrame = framePlanes(positions, start, i, shape)
      await session.evaluateRows(frame.rows, ofFrame, positionAfterClip(positions, start, i + 1, shape), signal)
      tokens.push(...Array<number>(shape.rows).fill(-1))
      planes.push(ofFrame)
    }
  }
  const logits = session.logits()
  const pieces = session.generate(samplingSchema.parse({ maxTokens: request.maxTokens }), signal)
  let next = await pieces.next()
  while (next.done !== true) next = await pieces.next()

  const { patchSize } = manifest.vision
  const trace: Trace = {
    clip: request.clip.path,
    model: manifest.name,
    indices: seen.map((frame) => frame.index),
    times: seen.map((frame) => frame.time),
    grid: [seen.length, picture.height / patchSize, picture.width / patchSize],
    prompt: text,
    tokens,
    generated: next.value.tokens,
    text: next.value.text,
    device: model.resources.devices(),
  }
  await writeTrace(request.out, trace, [
    {
      name: 'frames',
      dtype: 'U8',
      shape: [seen.length, picture.height, picture.width, 3],
      data: concat(
        seen.map((frame) => frame.picture.rgb),
        (length) => new Uint8Array(length),
      ),
    },
    {
      name: 'embeddings',
      dtype: 'F32',
      shape: [seen.length * shape.rows, tower.width],
      data: concat(
        seen.map((frame) => frame.rows),
        (length) => new Float32Array(length),
      ),
    },
    { name: 'positions', dtype: 'I32', shape: [3, tokens.length], data: joinPlanes(planes) },
    { name: 'logits', dtype: 'F32', shape: [logits.length], data: logits },
  ])
  return trace
}

async function writeTrace(directory: string, trace: Trace, tensors: readonly NamedTensor[]): Promise<void> {
  await mkdir(directory, { recursive: true })
  const json = join(directory, 'trace.json')
  const aside = `${json}.part`
  try {
    await writeSafetensors(join(directory, 'tensors.safetensors'), tensors)
    await writeFile(aside, `${JSON.stringify(trace, null, 2)}\n`)
    await rename(aside, json)
  } finally {
    await rm(aside, { force: true })
  }
}
