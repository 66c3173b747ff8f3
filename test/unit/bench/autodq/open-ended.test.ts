import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { judgeOpenEnded } from '../../../../src/bench/autodq/open-ended.ts'
import { createJudge } from '../../../../src/bench/judges/create-judge.ts'
import { ChatServer } from '../../../helpers/chat-server.ts'
import { predictionOf } from '../../../helpers/predictions.ts'
import { ScratchFolder } from '../../../helpers/scratch-folder.ts'

const signal = new AbortController().signal

test('marks answers right or wrong with a score, and gives no mark for an unreadable reply', async () => {
  await using server = await ChatServer.start()
  await using folder = await ScratchFolder.make()
  const replies: Record<string, object> = {
    cat: { reason: 'the same', correct: 'yes', score: 5 },
    dog: { reason: 'another animal', correct: 'no', score: 1 },
    cow: { reason: 'no such score', correct: 'yes', score: 4.8 },
  }
  const asked: object[] = []
  server.answer = ({ messages }) => {
    const question = JSON.parse(messages[1]?.content ?? '') as { given: string }
    asked.push(question)
    return JSON.stringify(replies[question.given])
  }
  const env = { OPENAI_BASE_URL: server.baseUrl, OPENAI_API_KEY: server.key }
  await using judge = await createJudge({ judge: 'openai:m', env, signal })
  const predictions = ['cat', 'dog', 'cow', null].map((prediction, idx) =>
    predictionOf({
      dataset: 'MSVD-QA',
      idx,
      question: 'What jumps?',
      prompt: 'What jumps? Answer in a word.',
      reference: 'a cat',
      prediction,
    }),
  )
  const judged = await judgeOpenEnded(predictions, judge, { folder: folder.directory, parallel: 1, signal })
  expect(judged.verdicts).toEqual([
    { key: 'MSVD-QA-0', dataset: 'MSVD-QA', correct: true, score: 5 },
    { key: 'MSVD-QA-1', dataset: 'MSVD-QA', correct: false, score: 1 },
  ])
  expect(judged.failed).toMatchObject([
    { key: 'MSVD-QA-2', error: { code: 'judge-failed' } },
    { key: 'MSVD-QA-3', error: { code: 'file-missing' } },
  ])
  expect(judged.prompts).toEqual(['open-answer 1'])
  expect(asked[0]).toEqual({ question: 'What jumps?', correct: 'a cat', given: 'cat' })
  const [first] = (await readFile(folder.path('QA_eval_infos.jsonl'), 'utf8')).split('\n')
  expect(JSON.parse(first ?? '')).toMatchObject({ pred: 'cat', correct: 'yes', score: 5, reason: 'the same', error: null })

  // Only the failed one is requested again.
  const before = server.seen.length
  replies.cow = { reason: 'another animal', correct: 'no', score: 0 }
  const again = await judgeOpenEnded(predictions, judge, { folder: folder.directory, signal })
  expect(again.verdicts).toHaveLength(3)
  expect(server.seen.length - before).toBe(1)
})
