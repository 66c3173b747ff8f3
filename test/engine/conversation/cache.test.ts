import { appendFile, copyFile, cp, readdir, readFile, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { importCheckpoint } from '../../../src/engine/models/import/import-checkpoint.ts'
import type { Answer } from '../../../src/shared/engine-events.ts'
import { checkpointPath } from '../../helpers/checkpoint-folder.ts'
import { numberedPictures } from '../../helpers/numbered-picture.ts'
import { ask, never, run, TinyEngines, testSampling } from './tiny-engine.ts'

let tiny: TinyEngines

beforeAll(async () => {
  tiny = await TinyEngines.make()
})
afterAll(() => tiny[Symbol.asyncDispose]())
beforeEach(() => rm(tiny.cache, { recursive: true, force: true }))

/** The answer of a new process: a separate engine that is closed again. */
async function restarted(
  file = 'a.mp4',
  options: { count?: number; maxPixels?: number; model?: string; text?: string } = {},
): Promise<Answer> {
  const { count = 4, maxPixels, model = 'tiny', text = 'What is this?' } = options
  await using engine = tiny.start({ cache: true, model })
  return (await run(engine, ask(text, tiny.clip(file, count, maxPixels)))).answer
}

const names = async (ending: string) =>
  (await readdir(tiny.cache)).filter((name) => name.endsWith(ending)).map((name) => join(tiny.cache, name))
const inCache = async (ending: string): Promise<string> => {
  const [name, ...more] = await names(ending)
  if (name === undefined || more.length > 0) throw new Error(`one ${ending} was expected`)
  return name
}

test('a clip reopened after a restart is neither decoded, encoded nor prefilled, and the answer is the same', async () => {
  const cold = await restarted()
  const warm = await restarted()
  expect(cold).toMatchObject({ cached: 'nothing', device: { vision: 'cpu' } })
  expect(warm).toMatchObject({ cached: 'state', device: { vision: 'not needed' }, timings: { decode: 0, encode: 0 } })
  expect(warm.text).toBe(cold.text)
  expect(warm.frames).toEqual(cold.frames)
  expect(warm.tokens.evaluated).toBe(cold.tokens.evaluated - cold.tokens.visual - tokensBeforeClip(cold, warm))
  const other = await restarted('a.mp4', { text: 'Which colour?' })
  expect(other.cached).toBe('state')
  await rm(tiny.cache, { recursive: true })
  expect(other.text).toBe((await restarted('a.mp4', { text: 'Which colour?' })).text)
})

/** The number of tokens before the clip: all tokens minus those that were evaluated when only the question was. */
function tokensBeforeClip(cold: Answer, warm: Answer): number {
  const before = cold.tokens.prompt - warm.tokens.evaluated
  expect(before).toBeGreaterThan(5)
  return before
}

test('uses the cached embeddings when the state file is missing', async () => {
  const cold = await restarted()
  await rm(await inCache('.state'))
  const warm = await restarted()
  expect(warm).toMatchObject({ cached: 'embeddings', device: { vision: 'not needed' }, timings: { decode: 0, encode: 0 } })
  expect(warm.text).toBe(cold.text)
  expect(warm.tokens).toEqual(cold.tokens)
  expect((await restarted()).cached).toBe('state')
})

test('a copy under another name shares the cache entry', async () => {
  await restarted()
  await copyFile(tiny.path('a.mp4'), tiny.path('copy.mp4'))
  expect((await restarted('copy.mp4')).cached).toBe('state')
})

test('another content, frame request, pixel limit or model has its own cache entry', async () => {
  await copyFile(tiny.path('a.mp4'), tiny.path('changed.mp4'))
  await restarted('changed.mp4')
  expect((await restarted('changed.mp4', { count: 5 })).cached).toBe('nothing')
  expect((await restarted('changed.mp4', { maxPixels: 4000 })).cached).toBe('nothing')
  // The same size and time: only the content differs.
  const { atime, mtime } = await stat(tiny.path('changed.mp4'))
  const bytes = await readFile(tiny.path('changed.mp4'))
  const at = bytes.indexOf('mdat') + 400
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at)
  await writeFile(tiny.path('changed.mp4'), bytes)
  await utimes(tiny.path('changed.mp4'), atime, mtime)
  expect((await restarted('changed.mp4')).cached).toBe('nothing')
  await appendFile(tiny.path('changed.mp4'), '\0')
  expect((await restarted('changed.mp4')).cached).toBe('nothing')

  await restarted('a.mp4')
  const signal = never
  const options = { name: 'f16', language: 'f32', vision: 'f16', home: tiny.home, signal } as const
  await importCheckpoint(checkpointPath('tied-heads-of-16'), options)
  expect((await restarted('a.mp4', { model: 'f16' })).cached).toBe('nothing')
  await importCheckpoint(checkpointPath('tied-heads-of-16'), { ...options, name: 'q8', language: 'q8_0' })
  expect((await restarted('a.mp4', { model: 'q8' })).cached).toBe('embeddings')
})

test('other preprocessing settings have their own cache entry', async () => {
  await restarted()
  const copy = tiny.path('brighter')
  await cp(join(tiny.home, 'models', 'tiny'), copy, { recursive: true })
  const manifest = JSON.parse(await readFile(join(copy, 'tarsier-model.json'), 'utf8'))
  manifest.preprocessing.mean = [0.4, 0.4, 0.4]
  await writeFile(join(copy, 'tarsier-model.json'), JSON.stringify(manifest))
  expect((await restarted('a.mp4', { model: copy })).cached).toBe('nothing')
})

test.each(['.state', '.rows'])('ignores a damaged %s file and writes it again', async (ending) => {
  const cold = await restarted()
  const path = await inCache(ending)
  const whole = await readFile(path)
  const changed = Buffer.from(whole)
  changed.writeUInt8(changed.readUInt8(changed.length - 30) ^ 1, changed.length - 30)
  const damages = [
    () => writeFile(path, changed),
    () => truncate(path, Math.floor(whole.length / 2)),
    () => truncate(path, 0),
    () => writeFile(path, 'nonsense'.repeat(500)),
  ]
  for (const damage of damages) {
    await damage()
    if (ending === '.rows') for (const state of await names('.state')) await rm(state)
    const after = await restarted()
    expect(after).toMatchObject({ text: cold.text, cached: ending === '.rows' ? 'nothing' : 'embeddings' })
    expect((await stat(path)).size).toBe(whole.length)
    expect((await restarted()).cached).toBe('state')
  }
})

test('answers without a cache and when the cache cannot be written', async () => {
  const cold = await restarted()
  await rm(tiny.cache, { recursive: true })
  await writeFile(tiny.cache, 'a file where the folder should be')
  expect(await restarted()).toMatchObject({ text: cold.text, cached: 'nothing' })
  await rm(tiny.cache)
  await using engine = tiny.start()
  await run(engine, ask('What is this?', tiny.clip('a.mp4')))
  await engine.close('talk')
  await expect(readdir(tiny.cache)).rejects.toMatchObject({ code: 'ENOENT' })
})

test('a stopped turn caches the embeddings of its clip', async () => {
  {
    await using engine = tiny.start({ cache: true })
    for await (const event of engine.answer('talk', ask('What is this?', tiny.clip('a.mp4')), never)) if (event.kind === 'delta') break
  }
  expect((await restarted()).cached).toBe('embeddings')
})

/** Writes a JPEG whose end is missing. */
async function writeDamaged(path: string): Promise<void> {
  const [picture] = numberedPictures(1, 126, 70)
  if (!picture) throw new Error('there is one picture')
  const { width, height, rgb } = picture
  const jpeg = await sharp(rgb, { raw: { width, height, channels: 3 } })
    .jpeg()
    .toBuffer()
  await writeFile(path, jpeg.subarray(0, Math.floor(jpeg.length * 0.7)))
}

test('repeats the notices of a clip with every answer, whichever cache the clip comes from', async () => {
  await writeDamaged(tiny.path('damaged.jpg'))
  const notice = 'The picture is damaged or incomplete: parts of it are missing.'
  const first = await restarted('damaged.jpg')
  expect(first).toMatchObject({ cached: 'nothing', notices: [notice] })
  expect(await restarted('damaged.jpg')).toMatchObject({ cached: 'state', notices: [notice] })
  await rm(await inCache('.state'))
  expect(await restarted('damaged.jpg')).toMatchObject({ cached: 'embeddings', notices: [notice] })

  await using engine = tiny.start({ cache: true })
  const turn = { ...ask('What is this?', tiny.clip('damaged.jpg')), history: [] }
  expect((await run(engine, turn)).answer.notices).toEqual([notice])
  const again = await run(engine, { ...turn, text: 'Which colour?' })
  expect(again.answer.tokens.evaluated).toBeLessThan(again.answer.tokens.prompt) // the clip is still in memory
  expect(again.answer.notices).toEqual([notice])
  expect((await run(engine, { kind: 'regenerate', sampling: testSampling() })).answer.notices).toEqual([notice])
})

test('a system prompt belongs to the cached state, and is rejected if the template has no place for one', async () => {
  const ask1 = ask('What is this?', tiny.clip('a.mp4'))
  const restartedWith = async (system: string) => {
    await using engine = tiny.start({ cache: true })
    return (await run(engine, { ...ask1, system })).answer
  }
  const without = await restarted()
  expect(await restartedWith('')).toMatchObject({ cached: 'state', text: without.text, tokens: { prompt: without.tokens.prompt } })
  const first = await restartedWith('Answer in German, and name every colour.')
  expect(first).toMatchObject({ cached: 'embeddings' })
  expect(first.tokens.prompt).toBeGreaterThan(without.tokens.prompt)
  expect(await restartedWith('Answer in German, and name every colour.')).toMatchObject({ cached: 'state', text: first.text })

  // The same model with a template that ignores system messages.
  const models = join(tiny.home, 'models')
  await cp(join(models, 'tiny'), join(models, 'silent'), { recursive: true })
  const path = join(models, 'silent', 'tarsier-model.json')
  const manifest = JSON.parse(await readFile(path, 'utf8')) as { prompt: { template: string } }
  const { prompt } = manifest
  const template = `{% for message in messages %}{% if message['role'] != 'system' %}${"{{ message['role'] }} {% for part in message['content'] %}{% if part['type'] == 'video' %}<|vision_start|><|video_pad|><|vision_end|>{% else %}{{ part['text'] }}{% endif %}{% endfor %}"}{% endif %}{% endfor %}`
  await writeFile(path, JSON.stringify({ ...manifest, prompt: { ...prompt, template } }))
  await using silent = tiny.start({ model: 'silent' })
  await expect(run(silent, { ...ask1, system: 'Be brief.' })).rejects.toMatchObject({ code: 'usage', details: { param: 'system' } })
  expect((await run(silent, { ...ask1, system: '' })).answer.tokens.generated).toBeGreaterThan(0)
})
