import { mkdir, readFile } from 'node:fs/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { judgeDream } from '../../../../src/bench/autodq/autodq.ts'
import type { JudgingOptions } from '../../../../src/bench/autodq/judge-samples.ts'
import { createJudge } from '../../../../src/bench/judges/create-judge.ts'
import type { Judge } from '../../../../src/bench/judges/judge.ts'
import type { Prediction } from '../../../../src/bench/prediction.ts'
import type { Progress } from '../../../../src/shared/engine-events.ts'
import { ChatServer } from '../../../helpers/chat-server.ts'
import { literalJudge } from '../../../helpers/literal-judge.ts'
import { predictionOf } from '../../../helpers/predictions.ts'
import { ScratchFolder } from '../../../helpers/scratch-folder.ts'

const never = new AbortController().signal
let server: ChatServer
let folder: ScratchFolder
let judge: Judge

beforeEach(async () => {
  server = await ChatServer.start()
  server.answer = literalJudge
  folder = await ScratchFolder.make()
  judge = await makeJudge()
})

afterEach(async () => {
  await judge[Symbol.asyncDispose]()
  await folder[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

function makeJudge(model = 'm', cache?: string): Promise<Judge> {
  return createJudge({
    judge: `openai:${model}`,
    env: { OPENAI_BASE_URL: server.baseUrl, OPENAI_API_KEY: server.key },
    retryPolicy: { attempts: 2, backoff: 1, stall: 30_000 },
    cache,
    signal: never,
  })
}

function options(more: Partial<JudgingOptions> = {}): JudgingOptions {
  return { folder: folder.path('eval_records'), signal: never, ...more }
}

function described(idx: number, prediction: string | null, reference: string, events?: readonly string[]): Prediction {
  return predictionOf({ dataset: 'DREAM/animation', idx, reference, extraInfo: { n_shots: 1, ...(events && { events }) }, prediction })
}

async function records(name = 'DREAM_eval_infos'): Promise<Record<string, unknown>[]> {
  const text = await readFile(folder.path(`eval_records/${name}.jsonl`), 'utf8')
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}

test('recall counts reference events that the description entails, precision counts described events that the reference entails', async () => {
  // This judge calls an event entailed if the other text contains it literally, and contradicted if it contains it with "not".
  const prediction = described(1, 'A Cat Jumps. A bird sings. A cat sleeps. A fish swims', 'A cat jumps. A dog barks. A cat sleeps', [
    'a cat jumps',
    'a dog barks',
    'a cat sleeps',
  ])
  const judged = await judgeDream([prediction], judge, options())
  expect(judged).toEqual({
    judge: `openai m at ${server.host}`,
    prompts: ['extract-events 1', 'entailment 1'],
    verdicts: [
      {
        key: 'DREAM/animation-1',
        dataset: 'DREAM/animation',
        extraInfo: prediction.extraInfo,
        recall: { entailed: 2, total: 3 },
        precision: { entailed: 2, total: 4 },
      },
    ],
    failed: [],
  })
  // The given events are used: one extraction and two comparisons.
  expect(server.seen.map(({ body }) => body.response_format?.json_schema?.name)).toEqual(['extract-events', 'entailment', 'entailment'])
  const [record] = await records()
  expect(record).toMatchObject({
    idx: 'DREAM/animation_1',
    gt: 'a cat jumps. a dog barks. a cat sleeps',
    pred: 'a cat jumps. a bird sings. a cat sleeps. a fish swims',
    hit_num_recall: 'hit: 2 / 3',
    hit_num_precision: 'hit: 2 / 4',
    score_r: 2 / 3,
    score_p: 0.5,
    judge: judged.judge,
    prompts: { 'extract-events': '1', entailment: '1' },
    error: null,
  })
  expect(record?.events_gt).toEqual([
    { event: 'a cat jumps', relationship: 'entailment', reason: 'it says so' },
    { event: 'a dog barks', relationship: 'neutral', reason: 'it says nothing of it' },
    { event: 'a cat sleeps', relationship: 'entailment', reason: 'it says so' },
  ])
})

test('extracts missing reference events, and does not count a contradiction as entailment', async () => {
  const { verdicts } = await judgeDream([described(1, 'not a dog barks. a cat jumps', 'A dog barks. A cat jumps')], judge, options())
  expect(verdicts).toMatchObject([{ recall: { entailed: 1, total: 2 }, precision: { entailed: 1, total: 2 } }])
  expect(server.seen).toHaveLength(4)
  const [record] = await records()
  expect(record).toMatchObject({ events_given: false, events_gt: [{ relationship: 'contradiction' }, { relationship: 'entailment' }] })
})

test('an empty description has no events, full precision and no recall', async () => {
  const { verdicts } = await judgeDream([described(1, '', 'A dog barks', ['a dog barks'])], judge, options())
  expect(verdicts).toMatchObject([{ recall: { entailed: 0, total: 1 }, precision: { entailed: 0, total: 0 } }])
  expect(await records()).toMatchObject([{ score_r: 0, score_p: 1, hit_num_precision: 'hit: 0 / 0' }])
})

test('compares more than ten events in several requests, like upstream', async () => {
  const many = Array.from({ length: 13 }, (_, index) => `bird ${index} sings`)
  const reference = many.slice(0, 4).join('. ')
  const { verdicts, failed } = await judgeDream([described(1, many.join('. '), reference, many.slice(0, 4))], judge, options())
  expect(failed).toEqual([])
  expect(verdicts).toMatchObject([{ recall: { entailed: 4, total: 4 }, precision: { entailed: 4, total: 13 } }])
  expect(await records()).toMatchObject([{ hit_num_precision: 'hit: 4 / 13' }])
})

test('judges a text without events as a whole, for the record only', async () => {
  server.answer = (request) => (request.messages[1]?.content.includes('events') ? literalJudge(request) : '{"events": []}')
  const { verdicts } = await judgeDream([described(1, 'A red\nsky', 'A red sky over A dog', ['a dog'])], judge, options())
  expect(verdicts).toMatchObject([{ recall: { entailed: 0, total: 1 }, precision: { entailed: 0, total: 0 } }])
  expect(await records()).toMatchObject([
    {
      hit_num_recall: 'hit: 0 / 1',
      events_pred: [{ event: 'a red sky', relationship: 'entailment' }],
      hit_num_precision: 'hit: 1 / 0',
      score_p: 1,
    },
  ])
  const asked = server.seen.length
  expect((await judgeDream([described(1, 'A red\nsky', 'A red sky over A dog', ['a dog'])], judge, options())).verdicts).toEqual(verdicts)
  expect(server.seen).toHaveLength(asked)
})

test('counts a failed sample and judges only that sample again', async () => {
  const predictions = [
    described(1, 'a cat jumps', 'A cat jumps', ['a cat jumps']),
    described(2, 'a cow moos', 'A cow moos', ['a cow moos']),
    described(3, null, 'A dog barks', ['a dog barks']),
  ]
  server.misbehave = ({ messages }) => (messages.some(({ content }) => content.includes('cow')) ? { kind: 'text', text: 'no' } : null)
  const first = await judgeDream(predictions, judge, options())
  expect(first.verdicts.map(({ key }) => key)).toEqual(['DREAM/animation-1'])
  expect(first.failed).toMatchObject([
    { key: 'DREAM/animation-2', error: { code: 'judge-failed' } },
    { key: 'DREAM/animation-3', error: { code: 'file-missing' } },
  ])
  // Like upstream's, the records have no line for a failed sample; those have a separate file.
  expect(await records()).toMatchObject([{ idx: 'DREAM/animation_1', error: null }])
  expect(await records('DREAM_eval_failures')).toMatchObject([{ key: 'DREAM/animation-2', error: { code: 'judge-failed' } }])

  server.misbehave = () => null
  const before = server.seen.length
  const second = await judgeDream(predictions, judge, options())
  expect(second.verdicts.map(({ key }) => key)).toEqual(['DREAM/animation-1', 'DREAM/animation-2'])
  expect(server.seen.length - before).toBe(3)
  expect(await records()).toMatchObject([
    { idx: 'DREAM/animation_1', error: null },
    { idx: 'DREAM/animation_2', error: null, score_r: 1 },
  ])
  await expect(records('DREAM_eval_failures')).rejects.toMatchObject({ code: 'ENOENT' })
})

test('judges a sample again when its answer, its events or the judge changed', async () => {
  const sample = (prediction: string, event: string) => [described(1, prediction, 'A cat jumps. A dog barks', [event])]
  const asked = async (predictions: readonly Prediction[], by: Judge) => {
    const before = server.seen.length
    await judgeDream(predictions, by, options())
    return server.seen.length - before
  }
  expect(await asked(sample('a cat jumps', 'a cat jumps'), judge)).toBe(3)
  expect(await asked(sample('a cat jumps', 'a cat jumps'), judge)).toBe(0)
  expect(await asked(sample('a cat jumps', 'a dog barks'), judge)).toBe(3)
  expect(await asked(sample('a dog barks', 'a dog barks'), judge)).toBe(3)
  await using other = await makeJudge('another')
  expect(await asked(sample('a dog barks', 'a dog barks'), other)).toBe(3)
  expect(await records()).toHaveLength(1)
})

test('requests no verdict again, in any run', async () => {
  await using cached = await makeJudge('m', folder.path('verdicts.jsonl'))
  const predictions = [described(1, 'a cat jumps', 'A cat jumps. A dog barks', ['a cat jumps'])]
  const first = await judgeDream(predictions, cached, options())
  await using later = await makeJudge('m', folder.path('verdicts.jsonl'))
  expect(await judgeDream(predictions, later, options({ folder: folder.path('elsewhere') }))).toEqual(first)
  expect(server.seen).toHaveLength(3)
  expect(await readFile(folder.path('verdicts.jsonl'), 'utf8')).not.toContain(server.key)
})

test('limits concurrent samples and reports each in the progress', async () => {
  const predictions = Array.from({ length: 12 }, (_, index) => described(index, `cat ${index} jumps`, `Cat ${index} jumps`))
  const reported: Progress[] = []
  let meet = () => {}
  const together = new Promise<void>((resolve) => {
    meet = resolve
  })
  // The first answers wait for one another.
  server.answer = async (request) => {
    if (server.busy === 3) meet()
    await together
    return literalJudge(request)
  }
  await judgeDream(predictions, judge, options({ parallel: 3, onProgress: (progress) => reported.push(progress) }))
  expect(server.busiest).toBe(3)
  expect(reported.map(({ detail }) => detail)).toEqual(Array.from({ length: 13 }, (_, done) => `${done} of 12`))
  expect(reported.at(-1)?.value).toBe(1)
})

test('an unreachable judge ends the work with its error, and verdicts remain', async () => {
  const predictions = Array.from({ length: 20 }, (_, index) => described(index, `cat ${index} jumps`, `Cat ${index} jumps`))
  server.misbehave = (_request, nth) => (nth < 4 ? null : { kind: 'status', status: 503 })
  await expect(judgeDream(predictions, judge, options({ parallel: 1 }))).rejects.toMatchObject({ code: 'judge-unavailable' })
  expect(server.seen).toHaveLength(4 + 3 * 2)
  const storedRecords = await records()
  expect(storedRecords).toMatchObject([{ idx: 'DREAM/animation_0', score_r: 1 }])
})

test('an abort ends the work, and verdicts remain', async () => {
  const predictions = Array.from({ length: 20 }, (_, index) => described(index, `cat ${index} jumps`, `Cat ${index} jumps`))
  const controller = new AbortController()
  const onProgress = ({ value }: Progress) => {
    if (value >= 0.25) controller.abort()
  }
  await expect(judgeDream(predictions, judge, options({ signal: controller.signal, onProgress, parallel: 1 }))).rejects.toMatchObject({
    name: 'AbortError',
  })
  expect(await records()).toHaveLength(5)
  const before = server.seen.length
  const { verdicts } = await judgeDream(predictions, judge, options())
  expect(verdicts).toHaveLength(20)
  expect(server.seen.length - before).toBe(15 * 4)
})

test('keeps verdicts of the Python program in its file, after those of this one', async () => {
  const python = { idx: 'DREAM/animation_0', gt: 'cat 0 jumps', pred: 'cat 0 jumps', events_gt: [], hit_num_recall: 'hit: 0 / 0' }
  await mkdir(folder.path('eval_records'))
  // Python's json writes numbers that JSON does not have.
  const line = `${JSON.stringify(python).slice(0, -1)}, "score_r": NaN}\n`
  await folder.write('eval_records/DREAM_eval_infos.jsonl', line)
  for (const idx of [0, 1]) await judgeDream([described(idx, `cat ${idx} jumps`, `Cat ${idx} jumps`)], judge, options())
  const text = await readFile(folder.path('eval_records/DREAM_eval_infos.jsonl'), 'utf8')
  expect(text.endsWith(`}\n${line}`)).toBe(true)
  const ours = text.slice(0, -line.length).trimEnd().split('\n')
  expect(ours.map((one) => JSON.parse(one))).toMatchObject([{ key: 'DREAM/animation-1' }, { key: 'DREAM/animation-0' }])
})

test('judges again only the sample of a torn last line', async () => {
  const predictions = Array.from({ length: 3 }, (_, index) => described(index, `cat ${index} jumps`, `Cat ${index} jumps`))
  await judgeDream(predictions, judge, options())
  const file = folder.path('eval_records/DREAM_eval_infos.jsonl')
  const whole = await readFile(file)
  await folder.write('eval_records/DREAM_eval_infos.jsonl', whole.subarray(0, whole.length - 40))
  const before = server.seen.length
  const { verdicts } = await judgeDream(predictions, judge, options())
  expect(verdicts).toHaveLength(3)
  expect(server.seen.length - before).toBe(4)
  expect(await records()).toHaveLength(3)
})
