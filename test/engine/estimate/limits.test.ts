import { cp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { userMessage } from '../../../src/engine/engine-client.ts'
import { estimateRun } from '../../../src/engine/estimate/estimate-run.ts'
import { UNLOADED } from '../../../src/engine/estimate/memory-state.ts'
import { readModelCosts } from '../../../src/engine/estimate/model-costs.ts'
import { usualRun } from '../../../src/engine/estimate/usual-run.ts'
import { readManifest } from '../../../src/engine/models/manifest.ts'
import { DEMO_MODEL, resolveModel } from '../../../src/engine/models/registry.ts'
import { MANIFEST_FILE, type ModelManifest } from '../../../src/shared/model-manifest.ts'
import { ask, chat, run, TinyEngines, testSampling } from '../conversation/tiny-engine.ts'

let tiny: TinyEngines
beforeAll(async () => {
  tiny = await TinyEngines.make()
})
afterAll(() => tiny[Symbol.asyncDispose]())

const demo = (limits: { context?: number; memory?: number }) => tiny.start({ model: DEMO_MODEL, limits })
/** a.mp4 has 20 frames of 126 by 70 pixels, which the demo model encodes without resizing. */
const clip = (fit: boolean, count = 8) => ({ ...tiny.clip('a.mp4', count), fit })

describe('a clip that does not fit', () => {
  it('is rejected before decoding, with settings that fit; these settings run', async () => {
    const whole = (await run(demo({}), ask('What is there?', clip(false)))).answer
    const context = whole.tokens.visual + whole.tokens.prompt + 15
    const engine = demo({ context })
    const refused = await run(engine, ask('What is there?', clip(false), { maxTokens: 64 })).catch((error: unknown) => error)
    expect(refused).toMatchObject({ code: 'context-full', details: { visual: whole.tokens.visual, limit: context } })
    const { frames, maxPixels } = (refused as { details: { frames: number; maxPixels?: number } }).details
    expect(frames * (maxPixels ?? Number.POSITIVE_INFINITY)).toBeGreaterThan(0)
    const again = { ...tiny.clip('a.mp4', frames), maxPixels }
    const { answer } = await run(engine, ask('What is there?', again, { maxTokens: 64 }), 'again')
    expect(answer.tokens.visual).toBeLessThan(whole.tokens.visual)
    expect(answer.fitted).toBeUndefined()
  })

  it('is fitted on request, and the answer has a notice', async () => {
    const whole = (await run(demo({}), ask('What is there?', clip(false)))).answer
    const engine = demo({ context: Math.ceil(whole.tokens.visual / 2) + whole.tokens.prompt + 16 })
    const { answer, events } = await run(engine, ask('What is there?', clip(true), { maxTokens: 16 }))
    expect(answer.fitted?.from).toEqual({ frames: 8, maxPixels: null })
    expect(answer.fitted?.frames).toBe(answer.frames.length)
    expect(answer.tokens.visual).toBeLessThanOrEqual(whole.tokens.visual / 2)
    expect(answer.notices).toContainEqual(expect.stringContaining('To fit'))
    expect(events).toContainEqual({ kind: 'notice', text: expect.stringContaining('To fit') })
  })

  it('is not reused by a question that does not allow smaller settings', async () => {
    const whole = (await run(demo({}), ask('What is there?', clip(false)))).answer
    const engine = demo({ context: Math.ceil(whole.tokens.visual / 2) + whole.tokens.prompt + 16 })
    const asked = (fit: boolean) => ({ ...chat(userMessage('What is there?', clip(fit))), sampling: testSampling({ maxTokens: 16 }) })
    const first = (await run(engine, asked(true))).answer
    const again = (await run(engine, asked(true))).answer
    expect(first.fitted?.from).toEqual({ frames: 8, maxPixels: null })
    expect(again).toMatchObject({ fitted: first.fitted, text: first.text })
    expect(again.tokens.evaluated).toBeLessThan(first.tokens.visual)
    await expect(run(engine, asked(false))).rejects.toMatchObject({ code: 'context-full' })
  })

  it('is rejected with more frames than the manifest allows, and is fitted on request', async () => {
    const model = join(tiny.folder, 'four frames')
    await cp(await resolveModel(DEMO_MODEL, tiny.folder), model, { recursive: true })
    const path = join(model, MANIFEST_FILE)
    const manifest = JSON.parse(await readFile(path, 'utf8')) as ModelManifest
    await writeFile(path, JSON.stringify({ ...manifest, sampler: { ...manifest.sampler, frames: 4, maxFrames: 4 } }))
    const engine = tiny.start({ model })
    await expect(run(engine, ask('What is there?', clip(false, 5)))).rejects.toMatchObject({
      code: 'too-many-frames',
      message: 'The model takes at most 4 frames of a clip, and 5 were requested. It fits with 4 frames instead of 5.',
      details: { limit: 4, frames: 4 },
    })
    const { answer } = await run(engine, ask('What is there?', clip(true, 5), { maxTokens: 16 }))
    expect(answer.frames).toHaveLength(4)
    expect(answer.fitted?.from).toEqual({ frames: 5, maxPixels: null })
  })

  it('is checked against memory, too', async () => {
    const engine = demo({ memory: 1e6 })
    const refused = run(engine, ask('What is there?', clip(true)))
    await expect(refused).rejects.toMatchObject({ code: 'out-of-memory', details: { available: 1e6 } })
    const { answer } = await run(demo({ memory: 1e9 }), ask('What is there?', clip(false)))
    expect(answer.fitted).toBeUndefined()
  })

  it('is fitted into little memory', async () => {
    const refused = await run(demo({ memory: 1e6 }), ask('x', clip(false, 20), { maxTokens: 16 })).catch((error: unknown) => error)
    const { needed } = (refused as { details: { needed: number } }).details
    const { answer } = await run(demo({ memory: needed - 1 }), ask('x', clip(true, 20), { maxTokens: 16 }))
    expect(answer.fitted?.from).toEqual({ frames: 20, maxPixels: null })
    expect((await run(demo({ memory: needed }), ask('x', clip(false, 20), { maxTokens: 16 }))).answer.frames).toHaveLength(20)
  })

  it("is described alike with the tower's weights in their file, if the usual run needs more memory than there is", async () => {
    const directory = await resolveModel(DEMO_MODEL, tiny.folder)
    const manifest = await readManifest(directory)
    const { memory } = estimateRun(usualRun(await readModelCosts(directory, manifest), manifest, UNLOADED))
    const described = async (limit: number) => {
      const { answer } = await run(demo({ memory: limit }), ask('What is there?', clip(false), { maxTokens: 64 }))
      return { text: answer.text, inFile: answer.device.fallbacks.filter((text) => text.includes('stay in their file')).length }
    }
    const prepared = await described(memory.total)
    expect(prepared).toEqual({ text: expect.stringMatching(/\w/), inFile: 0 })
    expect(await described(memory.total - 1)).toEqual({ text: prepared.text, inFile: 1 })
  })
})
