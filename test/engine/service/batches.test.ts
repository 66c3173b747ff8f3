import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { textModelsFolder } from '../../../src/engine/rewriting/text-models.ts'
import type { BatchEvent, BatchJob } from '../../../src/shared/contract/batch.ts'
import type { ChatEvent } from '../../../src/shared/contract/chats.ts'
import { captionShapeSchema } from '../../../src/shared/shaping/caption-shape.ts'
import { all, example, RunService } from './run-service.ts'

const CLIPS = ['red-circle-right-then-grows.mp4', 'blue-square-spins.mp4', 'pink-square-down-then-disappears.mp4']
let run: RunService
beforeEach(async () => {
  run = await RunService.make()
})
afterEach(() => run[Symbol.asyncDispose]())

async function handles(): Promise<string[]> {
  const opened: string[] = []
  for (const name of CLIPS) {
    await copyFile(example(name), join(run.home, name))
    opened.push(await run.open(join(run.home, name)))
  }
  return opened
}

async function ended(job: string, onEvent: (event: BatchEvent) => void = () => {}): Promise<BatchJob> {
  for await (const event of await run.page.batch.watch({ job })) {
    onEvent(event)
    if (event.kind === 'job' && event.job.state !== 'running') return event.job
  }
  throw new Error('watching ended before the batch')
}

const settings = { frames: { kind: 'uniform', count: 4 } } as const

test('continues past a broken clip, writes sidecars, and describes nothing twice', async () => {
  const clips = await handles()
  await writeFile(join(run.home, CLIPS[1] ?? ''), 'no film any more, but as long as the film was')
  const { id: job } = await run.page.batch.create({ clips, settings, title: 'Shapes' })
  const states = new Set<string>()
  const done = await ended(job, (event) => event.kind === 'item' && states.add(event.item.state))
  expect(done).toMatchObject({ title: 'Shapes', state: 'done', counts: { done: 2, failed: 1, waiting: 0, running: 0 } })
  expect(states).toContain('running')
  const { items } = await run.page.batch.items({ job })
  expect(items.map(({ state, excerpt, error }) => [state, excerpt.slice(0, 12), error?.code])).toEqual([
    ['done', 'A red circle', undefined],
    ['failed', '', 'not-media'],
    ['done', 'A pink squar', undefined],
  ])

  const first = join(run.home, CLIPS[0]?.replace('.mp4', '.txt') ?? '')
  await writeFile(first, 'mine')
  expect(await run.page.batch.sidecars({ job })).toEqual({ written: 1, present: [first], failed: [] })
  expect(await readFile(first, 'utf8')).toBe('mine')
  expect(await run.page.batch.sidecars({ job, overwrite: true })).toMatchObject({ written: 2, present: [] })
  expect(await readFile(first, 'utf8')).toMatch(/^A red circle/)
  for (const [format, start] of [
    ['jsonl', '{"file":'],
    ['csv', '\ufefffile,question'],
    ['markdown', `# ${join(run.home, CLIPS[0] ?? '')}`],
    ['txt', join(run.home, CLIPS[0] ?? '')],
  ] as const) {
    const file = await run.page.batch.export({ job, format })
    expect(file.text.startsWith(start)).toBe(true)
    expect(file.text).toContain('pink square')
  }

  // The times of each clip start at 0, so subtitles are beside the clips.
  await expect(run.page.batch.export({ job, format: 'srt' })).rejects.toMatchObject({
    data: { code: 'format-unsuitable', message: expect.stringMatching(/beside each clip/) },
  })
  await all(run.page.events.find({ handle: clips[2] ?? '', settings: { ...settings, precision: 60 } }))
  expect(await run.page.batch.sidecars({ job, format: 'srt' })).toMatchObject({ written: 2, present: [] })
  const [whole, events] = await Promise.all([0, 2].map((i) => readFile(join(run.home, CLIPS[i]?.replace('.mp4', '.srt') ?? ''), 'utf8')))
  // An answer without times is one subtitle over the whole clip; events have one each.
  expect(whole).toMatch(/^1\n00:00:00,000 --> 00:00:0[1-9],\d{3}\nA red circle/)
  expect(whole?.match(/-->/g)).toHaveLength(1)
  const found = (await run.page.events.get({ handle: clips[2] ?? '' }))?.found.events.filter(({ start }) => start !== null) ?? []
  expect(events?.match(/-->/g)).toHaveLength(found.length)
  expect(events).toContain(`\n${found[0]?.text.replace(/\.?$/, '.')}\n`)
  expect(await run.page.batch.sidecars({ job, format: 'vtt' })).toMatchObject({ written: 2 })
  expect(await readFile(join(run.home, CLIPS[2]?.replace('.mp4', '.vtt') ?? ''), 'utf8')).toMatch(/^WEBVTT\n/)

  const again = await run.page.batch.create({ clips: [clips[0] ?? '', clips[2] ?? ''], settings })
  expect((await ended(again.id)).counts).toMatchObject({ skipped: 2, done: 0 })
  await copyFile(example(CLIPS[1] ?? ''), join(run.home, CLIPS[1] ?? ''))
  await run.page.batch.retry({ job })
  expect((await ended(job)).counts).toMatchObject({ done: 3, failed: 0 })
})

test('leaves no empty conversations behind where the model is missing', async () => {
  const clips = await handles()
  const { id: job } = await run.page.batch.create({ clips, settings: { ...settings, model: 'none' }, title: 'Shapes' })
  await ended(job)
  await run.page.batch.retry({ job })
  await ended(job)
  const { items } = await run.page.batch.items({ job })
  expect(items.map(({ error }) => error?.code)).toContain('model-missing')
  for (const handle of clips) expect(await run.page.chats.list({ handle })).toEqual([])
})

test('pauses, survives a restart, and resumes', async () => {
  const { id: job } = await run.page.batch.create({ clips: await handles(), settings })
  for await (const event of await run.page.batch.watch({ job })) if (event.kind === 'item' && event.item.state === 'done') break
  expect(await run.page.batch.pause({ job })).toMatchObject({ state: 'paused', counts: { done: 1, running: 0, waiting: 2 } })
  await run.restart()
  expect(await run.page.batch.get({ job })).toMatchObject({ state: 'paused' })
  await run.page.batch.resume({ job })
  await run.restart()
  expect((await ended(job)).counts).toMatchObject({ done: 3 })
  expect((await run.page.library.search({})).total).toBe(3)
})

test('describes each copy of a content separately, with its own sidecar and path', async () => {
  const source = example(CLIPS[0] ?? '')
  const paths = ['one/clip.mp4', 'two/clip.mp4', 'two/copy.mp4'].map((name) => join(run.home, name))
  // The library has seen another copy before: the app's example.
  const { handle } = await run.page.clips.openExample({ name: CLIPS[0] ?? '' })
  const clips: string[] = []
  for (const path of paths) {
    await mkdir(join(path, '..'), { recursive: true })
    await copyFile(source, path)
    clips.push(await run.open(path))
  }
  expect(new Set([handle, ...clips]).size).toBe(4)
  const { id: job } = await run.page.batch.create({ clips, settings })
  expect((await ended(job)).counts).toMatchObject({ done: 3, skipped: 0, failed: 0 })
  const { items } = await run.page.batch.items({ job })
  expect(items.map(({ name, path }) => [name, path])).toEqual(
    paths.map((path) => [path.endsWith('copy.mp4') ? 'copy.mp4' : 'clip.mp4', path]),
  )
  for (const [i, { chat }] of items.entries())
    expect((await run.page.chats.get({ chat: chat ?? '' })).metadata).toMatchObject({ handle: clips[i], present: true })
  expect(await run.page.batch.sidecars({ job })).toEqual({ written: 3, present: [], failed: [] })
  expect(await readdir(join(run.home, 'one'))).toEqual(['clip.mp4', 'clip.txt'])
  expect(await readdir(join(run.home, 'two'))).toEqual(['clip.mp4', 'clip.txt', 'copy.mp4', 'copy.txt'])
  const { text } = await run.page.batch.export({ job, format: 'jsonl' })
  expect(
    text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).file),
  ).toEqual(paths)
})

test('an answer of a batch can be followed, and neither its followers nor their leaving stop it', async () => {
  const { id: job } = await run.page.batch.create({ clips: (await handles()).slice(0, 1), settings })
  let chat: string | null = null
  for await (const event of await run.page.batch.watch({ job })) {
    if (event.kind !== 'item' || event.item.state !== 'running' || event.item.chat === null) continue
    chat = event.item.chat
    break
  }
  if (chat === null) throw new Error('a running item has a conversation')
  const events: ChatEvent[] = []
  for await (const event of await run.page.chats.follow({ chat })) {
    events.push(event)
    if (events.length > 1) continue
    await expect(run.page.chats.stop({ chat })).rejects.toMatchObject({ data: { code: 'usage' } })
    await run.page.chats.leave({ chat })
  }
  expect(events[0]).toMatchObject({ kind: 'turn', batch: true, turn: { state: 'running' } })
  expect(events.at(-1)).toMatchObject({ kind: 'saved', turn: { state: 'done' } })
  expect((await ended(job)).counts).toMatchObject({ done: 1 })
})

test('a batch that is resumed while it is being paused goes on', async () => {
  const { id: job } = await run.page.batch.create({ clips: await handles(), settings })
  for await (const event of await run.page.batch.watch({ job })) if (event.kind === 'item' && event.item.progress > 0) break
  const pausing = run.service.batches.pause(job)
  expect(run.service.batches.resume(job)).toMatchObject({ state: 'running' })
  expect(await pausing).toMatchObject({ state: 'running' })
  expect((await ended(job)).counts).toMatchObject({ done: 3 })
})

test('a batch that is paused while its last clip ends is done', async () => {
  const { id: job } = await run.page.batch.create({ clips: (await handles()).slice(0, 1), settings })
  const { chats } = run.service.library
  const end = chats.end.bind(chats)
  const paused = await new Promise<BatchJob>((resolve) => {
    // The answer is stored, and the batch does not know of its end yet.
    chats.end = (...given) => {
      const turn = end(...given)
      resolve(run.service.batches.pause(job))
      return turn
    }
  })
  expect(paused).toMatchObject({ state: 'done', counts: { done: 1, waiting: 0 } })
})

test('a finished batch that an older version left paused becomes done after a restart, or when it is resumed', async () => {
  const [clip = ''] = await handles()
  const jobs: string[] = []
  for (let i = 0; i < 2; i++) {
    const { id: job } = await run.page.batch.create({ clips: [clip], settings })
    await ended(job)
    jobs.push(job)
    run.service.library.batches.setState(job, 'paused')
  }
  expect(await run.page.batch.resume({ job: jobs[0] ?? '' })).toMatchObject({ state: 'done' })
  await run.restart()
  expect(await run.page.batch.get({ job: jobs[1] ?? '' })).toMatchObject({ state: 'done' })
})

test('shapes the answers of a batch, and stored ones again without the model', async () => {
  const clips = (await handles()).slice(0, 1)
  const shape = captionShapeSchema.parse({ name: 'mine', bannedOpenings: ['a'], maxSentences: 1, prefix: 'sks,' })
  const first = await run.page.batch.create({ clips, settings: { ...settings, shape } })
  expect((await ended(first.id)).counts).toMatchObject({ done: 1 })
  const { items } = await run.page.batch.items({ job: first.id })
  const [stored] = (await run.page.chats.get({ chat: items[0]?.chat ?? '' })).all
  expect(stored?.text).toMatch(/^A red circle .*\. The background is .*\.$/)
  const caption = `sks, R${stored?.text.slice('A r'.length, stored.text.indexOf('.') + 1)}`
  expect(stored?.answer?.shaped).toEqual({ shape: 'mine', text: caption, words: expect.any(Number), leftOut: 1, unmet: [], notices: [] })
  expect(items[0]?.excerpt).toBe(caption)

  const rows = async (job: string) =>
    (await run.page.batch.export({ job, format: 'jsonl' })).text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
  expect(await rows(first.id)).toMatchObject([{ answer: stored?.text, shaped: caption, shape: 'mine', unmet: [] }])
  expect((await run.page.batch.export({ job: first.id, format: 'txt' })).text).toContain(`\n${caption}\n`)
  await run.page.batch.sidecars({ job: first.id, format: 'json' })
  await run.page.batch.sidecars({ job: first.id })
  const beside = (extension: string) => readFile(join(run.home, CLIPS[0]?.replace('.mp4', extension) ?? ''), 'utf8')
  expect(await beside('.txt')).toBe(`${caption}\n`)
  expect(JSON.parse(await beside('.json'))).toMatchObject({ answer: stored?.text, shaped: caption })

  // With another shape the clip counts as described, and with none the caption is gone.
  const other = captionShapeSchema.parse({ name: 'other', prefix: 'ohwx' })
  const second = await run.page.batch.create({ clips, settings: { ...settings, shape: other } })
  expect((await ended(second.id)).counts).toMatchObject({ skipped: 1, done: 0 })
  expect(await rows(second.id)).toMatchObject([{ answer: stored?.text, shaped: `ohwx ${stored?.text}`, shape: 'other' }])
  const third = await run.page.batch.create({ clips, settings })
  expect((await ended(third.id)).counts).toMatchObject({ skipped: 1, done: 0 })
  expect(await rows(third.id)).toMatchObject([{ answer: stored?.text, shaped: null, shape: null }])
  // So is a single answer.
  const chat = items[0]?.chat ?? ''
  expect((await run.page.chats.shape({ chat, turn: 0, shape: other })).answer?.shaped?.text).toBe(`ohwx ${stored?.text}`)
  expect(await run.page.chats.shape({ chat, turn: 0, shape: null })).toMatchObject({ text: stored?.text, settings: { shape: null } })
  expect((await run.page.chats.get({ chat })).all[0]?.answer?.shaped).toBeUndefined()
  // Nothing is shaped twice.
  const before = (await run.page.library.search({})).total
  const fourth = await run.page.batch.create({ clips, settings: { ...settings, shape: other } })
  await ended(fourth.id)
  expect((await run.page.library.search({})).total).toBe(before)
})

test('rewrites the captions of a batch by a text model, and a stored answer again', async () => {
  const clips = (await handles()).slice(0, 1)
  await mkdir(textModelsFolder(run.home))
  await copyFile('resources/models/demo/language.gguf', join(textModelsFolder(run.home), 'small.gguf'))
  const rewritten = (subject: string) => {
    const schema = { type: 'object', properties: { subject: { enum: [subject] } }, required: ['subject'] }
    return captionShapeSchema.parse({ name: 'mine', rewrite: { kind: 'fields', model: 'small', schema } })
  }
  const fields = { subject: 'a red circle moves right and then grows' }
  const shape = rewritten(fields.subject)
  const { id: job } = await run.page.batch.create({ clips, settings: { ...settings, shape } })
  expect((await ended(job)).counts).toMatchObject({ done: 1 })
  const { items } = await run.page.batch.items({ job })
  const chat = items[0]?.chat ?? ''
  const [stored] = (await run.page.chats.get({ chat })).all
  expect(stored?.text).toMatch(/^A red circle /)
  expect(stored?.answer?.shaped?.rewritten).toMatchObject({
    model: 'small.gguf',
    fields,
    checked: [{ field: 'subject', text: fields.subject }],
  })
  const line = JSON.parse((await run.page.batch.export({ job, format: 'jsonl' })).text)
  expect(line).toMatchObject({ answer: stored?.text, shaped: JSON.stringify(fields), rewritten: { fields } })

  // The clip is described for this shape already, and again for another one, which the text of the answer alone does not give.
  const same = await run.page.batch.create({ clips, settings: { ...settings, shape } })
  expect((await ended(same.id)).counts).toMatchObject({ skipped: 1, done: 0 })
  const again = await run.page.batch.create({ clips, settings: { ...settings, shape: rewritten('a blue star') } })
  expect((await ended(again.id)).counts).toMatchObject({ skipped: 0, done: 1 })

  const other = await run.page.chats.shape({ chat, turn: 0, shape: rewritten('a blue star') })
  expect(other.text).toBe(stored?.text)
  const [wrong] = other.answer?.shaped?.rewritten?.checked ?? []
  expect(wrong).toMatchObject({ field: 'subject', text: 'a blue star' })
  expect(wrong?.support).toBeLessThan(0.2)
  const missing = captionShapeSchema.parse({ rewrite: { kind: 'shorter', model: 'large' } })
  await expect(run.page.chats.shape({ chat, turn: 0, shape: missing })).rejects.toMatchObject({ data: { code: 'rewriter-missing' } })
})
