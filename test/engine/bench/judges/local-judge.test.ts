import { copyFile, truncate } from 'node:fs/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { judgeOpenEnded } from '../../../../src/bench/autodq/open-ended.ts'
import { createJudge } from '../../../../src/bench/judges/create-judge.ts'
import type { Judge } from '../../../../src/bench/judges/judge.ts'
import { isAbort } from '../../../../src/shared/errors.ts'
import { predictionOf } from '../../../helpers/predictions.ts'
import { ScratchFolder } from '../../../helpers/scratch-folder.ts'

// A complete GGUF with a tokenizer and a chat template. Its output is nonsense in the form that the grammar requires.
const MODEL = 'resources/models/demo/language.gguf'
const never = new AbortController().signal
let judge: Judge

beforeAll(async () => {
  judge = await createJudge({ judge: `local:${MODEL}`, device: 'cpu', env: {}, signal: never })
})

afterAll(async () => {
  await judge[Symbol.asyncDispose]()
})

const prompt = { name: 'shape', version: '1' }

test('returns only JSON that matches the schema, and is deterministic', async () => {
  expect(judge.name).toMatch(/^local language\.gguf [0-9a-f]{8}$/)
  const schema = z.object({
    reason: z.string(),
    correct: z.enum(['yes', 'no']),
    score: z.literal([0, 1, 2, 3, 4, 5]),
    events: z.array(z.string()).max(2),
  })
  const call = { prompt, system: 'You mark answers.', user: 'a red circle moves left', schema }
  const verdict = await judge.ask(call, never)
  expect(schema.parse(verdict)).toEqual(verdict)
  expect(await judge.ask(call, never)).toEqual(verdict)
})

test('marks answers and serializes concurrent questions', async () => {
  await using folder = await ScratchFolder.make()
  const predictions = [1, 2].map((idx) =>
    predictionOf({
      dataset: 'moving-shapes/questions',
      idx,
      question: 'Where does it move?',
      prediction: 'to the left',
      reference: 'left',
    }),
  )
  const {
    verdicts,
    failed,
    judge: name,
  } = await judgeOpenEnded(predictions, judge, { folder: folder.directory, parallel: 2, signal: never })
  expect(failed).toEqual([])
  expect(name).toBe(judge.name)
  expect(verdicts).toHaveLength(2)
  for (const { score } of verdicts) expect([0, 1, 2, 3, 4, 5]).toContain(score)
})

test('rejects a text that exceeds the context instead of truncating it', async () => {
  const call = { prompt, system: 'Mark it.', user: 'a red circle '.repeat(800), schema: z.object({ red: z.boolean() }) }
  await expect(judge.ask(call, never)).rejects.toMatchObject({ code: 'judge-failed' })
})

test('an abort stops an answer, and the next question is answered', async () => {
  const call = { prompt, system: 'Tell it.', user: 'a red circle', schema: z.object({ parts: z.array(z.string()).length(40) }) }
  const controller = new AbortController()
  const pending = judge.ask(call, controller.signal).catch((error: unknown) => error)
  setTimeout(() => controller.abort(), 20)
  expect(isAbort(await pending)).toBe(true)
  const short = { ...call, schema: z.object({ red: z.boolean() }) }
  expect(await judge.ask(short, never)).toEqual({ red: expect.any(Boolean) })
})

test('rejects a damaged file, a missing file and a tower before llama.cpp loads it', async () => {
  await using folder = await ScratchFolder.make()
  await copyFile(MODEL, folder.path('cut.gguf'))
  await truncate(folder.path('cut.gguf'), 2_000_000)
  const load = (path: string) => createJudge({ judge: `local:${path}`, device: 'cpu', env: {}, signal: never })
  await expect(load(folder.path('cut.gguf'))).rejects.toMatchObject({ code: 'model-damaged' })
  await expect(load(folder.path('none.gguf'))).rejects.toMatchObject({ code: 'file-missing' })
  await expect(load('resources/models/demo/vision.onnx')).rejects.toMatchObject({ code: 'model-damaged' })
})
