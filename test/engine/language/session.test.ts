import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getLlama, LlamaLogLevel } from 'node-llama-cpp'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Language, Session } from '../../../src/engine/language/types.ts'
import { generateAll, loadTiny, never, textPlanes, tinyModel } from './tiny-model.ts'

const WIDTH = 64
const VOCABULARY = 277
let language: Language
let session: Session
let scratch: string
/** The embedding matrix, [vocabulary, width]: the first tensor of the fixture. */
let embeddings: Float32Array

beforeAll(async () => {
  language = await loadTiny()
  scratch = await mkdtemp(join(tmpdir(), 'tarsier-language-'))
  embeddings = await readEmbeddings()
})
afterAll(async () => {
  await language[Symbol.asyncDispose]()
  await rm(scratch, { recursive: true, force: true })
})
beforeEach(async () => {
  session = await language.open({ cells: 1024 })
})
afterEach(() => session[Symbol.asyncDispose]())

async function readEmbeddings(): Promise<Float32Array> {
  const { readGgufFileInfo } = await import('node-llama-cpp')
  const info = await readGgufFileInfo(tinyModel, { sourceType: 'filesystem' })
  const tensor = info.fullTensorInfo?.find(({ name }) => name === 'token_embd.weight')
  const start = Number(tensor?.fileOffset)
  const bytes = new Uint8Array(await readFile(tinyModel)).slice(start, start + VOCABULARY * WIDTH * 4)
  return new Float32Array(bytes.buffer)
}

/** The model with its layers' contributions set to zero: each token alone determines the next, so a greedy answer must end or repeat. */
async function loadForgetful(): Promise<Language> {
  const { readGgufFileInfo } = await import('node-llama-cpp')
  const { fullTensorInfo = [] } = await readGgufFileInfo(tinyModel, { sourceType: 'filesystem' })
  const bytes = await readFile(tinyModel)
  for (const { name, dimensions, fileOffset } of fullTensorInfo) {
    if (!/attn_output|ffn_down/.test(name)) continue
    bytes.fill(0, Number(fileOffset), Number(fileOffset) + 4 * dimensions.reduce<number>((product, size) => product * Number(size), 1))
  }
  const path = join(scratch, 'forgetful.gguf')
  await writeFile(path, bytes)
  return await loadTiny(path)
}

function rowsOf(tokens: readonly number[]): Float32Array {
  const rows = new Float32Array(tokens.length * WIDTH)
  for (const [i, token] of tokens.entries()) rows.set(embeddings.subarray(token * WIDTH, (token + 1) * WIDTH), i * WIDTH)
  return rows
}

/** Position planes of a frame as Qwen2-VL has them. */
function framePlanes(start: number, frame: number, rows: number, columns: number): Int32Array {
  const count = rows * columns
  return Int32Array.from({ length: 3 * count }, (_, i) => {
    const cell = i % count
    if (i < count) return start + frame
    return start + (i < 2 * count ? Math.floor(cell / columns) : cell % columns)
  })
}

const tokensOf = (count: number, factor = 7) => Array.from({ length: count }, (_, i) => (i * factor + 33) % 256)

describe('evaluation', () => {
  it('gives the same logits for rows of the embedding matrix as for the tokens', async () => {
    const tokens = tokensOf(40)
    await session.evaluateTokens(tokens, never)
    const wanted = await session.logits()
    await using other = await language.open({ cells: 1024 })
    await other.evaluateRows(rowsOf(tokens), textPlanes(0, tokens.length), tokens.length, never)
    expect(await other.logits()).toEqual(wanted)
    expect(other.mark).toEqual(session.mark)
  })

  it('uses every position plane', async () => {
    const tokens = tokensOf(12)
    const results: Float32Array[] = []
    for (const planes of [framePlanes(3, 0, 3, 4), framePlanes(3, 0, 4, 3), framePlanes(3, 0, 2, 6)]) {
      session.rewind({ cells: 0, position: 0 })
      await session.evaluateTokens([1, 2, 3], never)
      await session.evaluateRows(rowsOf(tokens), planes, 9, never)
      await session.evaluateTokens([70], never)
      results.push(await session.logits())
    }
    expect(results[0]).not.toEqual(results[1])
    expect(results[0]).not.toEqual(results[2])
  })

  it('evaluates more tokens than a batch', async () => {
    await using large = await language.open({ cells: 2000 })
    const tokens = tokensOf(1200)
    await large.evaluateTokens(tokens, never)
    expect(large.mark).toEqual({ cells: 1200, position: 1200 })
    const wanted = await large.logits()
    large.rewind({ cells: 0, position: 0 })
    for (const some of [tokens.slice(0, 700), tokens.slice(700)]) await large.evaluateTokens(some, never)
    const split = await large.logits()
    expect(Math.max(...wanted.map((value, i) => Math.abs(value - (split[i] ?? Number.NaN))))).toBeLessThan(1e-3)
  })

  it('rewinds to a mark', async () => {
    await session.evaluateTokens(tokensOf(20), never)
    const mark = session.mark
    await session.evaluateTokens([65, 66, 67], never)
    const wanted = await session.logits()
    await session.evaluateTokens(tokensOf(30, 11), never)
    session.rewind(mark)
    expect(session.mark).toEqual(mark)
    await session.evaluateTokens([65, 66, 67], never)
    expect(await session.logits()).toEqual(wanted)
  })

  it('rewinds to a frame within a clip', async () => {
    await session.evaluateTokens(tokensOf(4), never)
    await session.evaluateRows(rowsOf(tokensOf(16)), framePlanes(4, 0, 4, 4), 8, never)
    const mark = session.mark
    await session.evaluateRows(rowsOf(tokensOf(16, 5)), framePlanes(4, 1, 4, 4), 8, never)
    const wanted = await session.logits()
    await session.evaluateRows(rowsOf(tokensOf(16, 3)), framePlanes(4, 2, 4, 4), 8, never)
    session.rewind(mark)
    await session.evaluateRows(rowsOf(tokensOf(16, 5)), framePlanes(4, 1, 4, 4), 8, never)
    expect(await session.logits()).toEqual(wanted)
    expect(() => session.rewind({ cells: 10, position: 5 })).toThrow('within a frame')
  })

  it('rejects input that does not fit before evaluating any of it', async () => {
    const { capacity } = session
    await expect(session.evaluateTokens(tokensOf(capacity + 1), never)).rejects.toMatchObject({
      code: 'context-full',
      details: { capacity },
    })
    expect(session.mark.cells).toBe(0)
    await expect(session.evaluateTokens([VOCABULARY], never)).rejects.toThrow(RangeError)
    await expect(session.evaluateRows(new Float32Array(WIDTH), textPlanes(0, 2), 2, never)).rejects.toThrow(RangeError)
  })

  it('rejects a context that exceeds the memory', async () => {
    await expect(language.open({ cells: 2_000_000_000 })).rejects.toMatchObject({ code: 'out-of-memory' })
  })
})

describe('generate', () => {
  it('gives the greedy tokens of node-llama-cpp', async () => {
    const prompt = language.tokenize('the and of it')
    await session.evaluateTokens(prompt, never)
    const { tokens } = await generateAll(session, { maxTokens: 48 })
    await using llama = await getLlama({ gpu: false, build: 'never', logLevel: LlamaLogLevel.disabled })
    await using model = await llama.loadModel({ modelPath: tinyModel })
    await using context = await model.createContext({
      contextSize: 512,
      // Two threads wait for each other at every step, which takes very long on a busy machine.
      threads: 1,
      experimentalKvCacheKeyType: 'F32',
      experimentalKvCacheValueType: 'F32',
    })
    const theirs: number[] = []
    for await (const token of context.getSequence().evaluate(prompt as never, { temperature: 0 })) {
      theirs.push(token)
      if (theirs.length === tokens.length) break
    }
    expect(tokens.length).toBeGreaterThan(20)
    expect(tokens).toEqual(theirs)
  })

  it('takes the largest logit, and the answer remains in the context', async () => {
    await session.evaluateTokens([70, 71], never)
    const mark = session.mark
    const { tokens } = await generateAll(session, { maxTokens: 12 })
    expect(session.mark.cells).toBe(mark.cells + tokens.length)
    const after = await session.logits()
    session.rewind({ cells: 0, position: 0 })
    await session.evaluateTokens([70, 71], never)
    for (const token of tokens) {
      const logits = await session.logits()
      expect(logits.indexOf(Math.max(...logits))).toBe(token)
      await session.evaluateTokens([token], never)
    }
    expect(await session.logits()).toEqual(after)
  })

  it('streams whole characters that add up to the text', async () => {
    await session.evaluateTokens([70, 71], never)
    const { text, tokens, pieces } = await generateAll(session, { maxTokens: 60, temperature: 1, seed: 5 })
    expect(pieces.map((piece) => piece.text).join('')).toBe(text)
    expect(text).toBe(language.detokenize(tokens))
  })

  it('is deterministic for a seed and differs between seeds', async () => {
    const draw = async (seed: number, more = {}) => {
      session.rewind({ cells: 0, position: 0 })
      await session.evaluateTokens([70, 71], never)
      return (await generateAll(session, { maxTokens: 24, temperature: 1.5, seed, ...more })).tokens
    }
    expect(await draw(1)).toEqual(await draw(1))
    expect(await draw(1)).not.toEqual(await draw(2))
    const greedy = await draw(1, { temperature: 0 })
    expect(await draw(1, { topK: 1 })).toEqual(greedy)
    expect(await draw(1, { topP: 1e-6 })).toEqual(greedy)
    expect(await draw(1, { temperature: 0, repeatPenalty: 2 })).not.toEqual(greedy)
  })

  it('ends before a stop string that spans tokens', async () => {
    await session.evaluateTokens([70, 71], never)
    const { text } = await generateAll(session, { maxTokens: 60 })
    const at = Math.floor(text.length / 2)
    const stop = text.slice(at, at + 3)
    session.rewind({ cells: 0, position: 0 })
    await session.evaluateTokens([70, 71], never)
    const stopped = await generateAll(session, { maxTokens: 60, stop: ['never there', stop] })
    expect(stopped).toMatchObject({ finish: 'stop', text: text.slice(0, text.indexOf(stop)) })
    expect(stopped.pieces.map((piece) => piece.text).join('')).toBe(stopped.text)
  })

  it('ends an endless repetition with its finish reason', async () => {
    await using forgetful = await loadForgetful()
    await using session = await forgetful.open({ cells: 1024 })
    const loops: number[] = []
    for (const start of tokensOf(12)) {
      session.rewind({ cells: 0, position: 0 })
      await session.evaluateTokens([start], never)
      const { finish, tokens } = await generateAll(session, { temperature: 0, maxTokens: 1000 })
      expect(finish).toMatch(/^(repetition|end)$/)
      if (finish !== 'repetition') continue
      const period = tokens.length - 1 - tokens.lastIndexOf(tokens.at(-1) as number, -2)
      expect(tokens.slice(-period)).toEqual(tokens.slice(-2 * period, -period))
      loops.push(tokens.length)
    }
    expect(loops.length).toBeGreaterThan(0)
  })

  it('ends at the token limit and at the end of the context', async () => {
    await session.evaluateTokens(tokensOf(session.capacity - 3), never)
    const { tokens, finish } = await generateAll(session, { maxTokens: 60 })
    expect({ length: tokens.length, finish }).toEqual({ length: 3, finish: 'length' })
    await expect(generateAll(session, {})).rejects.toMatchObject({ code: 'context-full' })
  })
})

describe('abort', () => {
  it('leaves the session at the end of the last complete batch or frame', async () => {
    await session.evaluateTokens([70, 71], never)
    const mark = session.mark
    for (const work of [
      (signal: AbortSignal) => session.evaluateTokens(tokensOf(400), signal),
      (signal: AbortSignal) => session.evaluateRows(rowsOf(tokensOf(900)), framePlanes(2, 0, 30, 30), 32, signal),
    ]) {
      const stopping = new AbortController()
      const running = work(stopping.signal)
      stopping.abort()
      await expect(running).rejects.toMatchObject({ name: 'AbortError' })
      expect(session.mark).toEqual(mark)
    }
    await session.evaluateTokens(tokensOf(30), never)
    const logits = await session.logits()
    await using fresh = await language.open({ cells: 1024 })
    await fresh.evaluateTokens([70, 71], never)
    await fresh.evaluateTokens(tokensOf(30), never)
    expect(logits).toEqual(await fresh.logits())
  })

  it('takes effect between two tokens', async () => {
    await session.evaluateTokens([70, 71], never)
    const stopping = new AbortController()
    let pieces = 0
    const running = (async () => {
      const { samplingSchema } = await import('../../../src/shared/sampling.ts')
      for await (const piece of session.generate(samplingSchema.parse({}), stopping.signal)) {
        pieces += 1
        if (piece.tokens >= 5) stopping.abort()
      }
    })()
    await expect(running).rejects.toMatchObject({ name: 'AbortError' })
    expect(pieces).toBeLessThan(8)
    session.rewind({ cells: 2, position: 2 })
    await session.evaluateTokens([72], never)
    expect(await session.logits()).toHaveLength(VOCABULARY)
  })
})

describe('save and restore', () => {
  async function prepared(): Promise<string> {
    const path = join(scratch, 'kept.state')
    await session.evaluateTokens(tokensOf(4), never)
    for (const frame of [0, 1]) await session.evaluateRows(rowsOf(tokensOf(16, 5 + frame)), framePlanes(4, frame, 4, 4), 8, never)
    await session.save(path)
    return path
  }

  it('continues in another session with the same logits', async () => {
    const path = await prepared()
    await using other = await language.open({ cells: 512 })
    expect(await other.restore(path)).not.toBeNull()
    expect(other.mark).toEqual(session.mark)
    for (const each of [session, other]) await each.evaluateTokens([70, 71], never)
    expect(await other.logits()).toEqual(await session.logits())
    for (const each of [session, other]) {
      each.rewind({ cells: 20, position: 8 })
      await each.evaluateRows(rowsOf(tokensOf(16, 3)), framePlanes(4, 1, 4, 4), 8, never)
    }
    expect(await other.logits()).toEqual(await session.logits())
  })

  it('rejects damaged, truncated and foreign files, and remains usable', async () => {
    const path = await prepared()
    const good = await readFile(path)
    await using other = await language.open({ cells: 512 })
    const bad = join(scratch, 'bad.state')
    const variants: Buffer[] = [
      Buffer.alloc(0),
      Buffer.from('not a state'),
      good.subarray(0, good.length - 1),
      Buffer.concat([good, Buffer.of(0)]),
    ]
    for (let at = 0; at < good.length; at += 997) {
      const flipped = Buffer.from(good)
      flipped[at] = (flipped[at] ?? 0) ^ 0xff
      variants.push(flipped, good.subarray(0, at))
    }
    for (const variant of variants) {
      await writeFile(bad, variant)
      expect(await other.restore(bad)).toBeNull()
    }
    expect(await other.restore(join(scratch, 'missing.state'))).toBeNull()
    await other.evaluateTokens([70, 71], never)
    expect(other.mark.cells).toBe(2)
    expect(await other.restore(path)).not.toBeNull()
  })

  it.each([1, 2, 3])('leaves no file after an abort, and can be saved again (abort %d)', async (at) => {
    await session.evaluateTokens(tokensOf(20), never)
    const path = join(scratch, 'aborted.state')
    const stopping = new AbortController()
    const { signal } = stopping
    const spy = vi.spyOn(signal, 'throwIfAborted').mockImplementation(() => {
      if (spy.mock.calls.length === at) stopping.abort()
      if (signal.aborted) throw signal.reason
    })
    await expect(session.save(path, { signal })).rejects.toMatchObject({ name: 'AbortError' })
    expect(spy).toHaveBeenCalledTimes(at)
    expect((await readdir(scratch)).filter((name) => name.startsWith('aborted'))).toEqual([])
    await session.evaluateTokens([70], never)
    await session.save(path, { note: 'again', signal: never })
    await using other = await language.open({ cells: 512 })
    expect(await other.restore(path)).toEqual({ note: 'again' })
    for (const each of [session, other]) await each.evaluateTokens([71], never)
    expect(await other.logits()).toEqual(await session.logits())
    await rm(path)
  })

  it('rejects a state that is larger than the context', async () => {
    const path = join(scratch, 'large.state')
    await session.evaluateTokens(tokensOf(900), never)
    await session.save(path)
    await using small = await language.open({ cells: 256 })
    expect(await small.restore(path)).toBeNull()
  })
})
