import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { judgeDream } from '../../../../src/bench/autodq/autodq.ts'
import { createJudge } from '../../../../src/bench/judges/create-judge.ts'
import { ChatServer } from '../../../helpers/chat-server.ts'
import { literalJudge } from '../../../helpers/literal-judge.ts'
import { ScratchFolder } from '../../../helpers/scratch-folder.ts'
import { numberedPredictions } from './numbered-predictions.ts'

const PROGRAM = fileURLToPath(import.meta.resolve('./judging-process.ts'))
const KILLS = 6
const PARALLEL = 4
const signal = new AbortController().signal

test('a repeatedly killed evaluation keeps every verdict and requests each one once', { timeout: 300_000 }, async () => {
  await using server = await ChatServer.start()
  await using folder = await ScratchFolder.make()
  server.answer = async (request) => {
    await sleep(5)
    return literalJudge(request)
  }
  const env = { ...process.env, OPENAI_BASE_URL: server.baseUrl, OPENAI_API_KEY: server.key }
  for (let kill = 0; kill < KILLS; kill++) {
    const before = server.seen.length
    const child = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), PROGRAM, folder.directory], { env, stdio: 'ignore' })
    const exited = once(child, 'exit')
    // Kill at a random moment after the first question.
    const questions = 1 + Math.floor(Math.random() * 25)
    while (server.seen.length < before + questions && child.exitCode === null) await sleep(1)
    child.kill('SIGKILL')
    await exited
  }
  await using judge = await createJudge({ judge: 'openai:m', env, cache: folder.path('verdicts.jsonl'), signal })
  const { verdicts, failed } = await judgeDream(numberedPredictions, judge, { folder: folder.directory, parallel: PARALLEL, signal })
  expect(failed).toEqual([])
  expect(verdicts.map(({ key }) => key)).toEqual(numberedPredictions.map(({ key }) => key))
  for (const { recall, precision } of verdicts)
    expect([recall, precision]).toEqual([
      { entailed: 1, total: 2 },
      { entailed: 1, total: 2 },
    ])
  // Three questions per sample; only requests in flight at a kill may be sent again.
  const questions = 3 * numberedPredictions.length
  expect(server.seen.length).toBeGreaterThanOrEqual(questions)
  expect(server.seen.length).toBeLessThanOrEqual(questions + KILLS * PARALLEL)
  const lines = (await readFile(folder.path('DREAM_eval_infos.jsonl'), 'utf8')).trimEnd().split('\n')
  expect(lines.map((line) => (JSON.parse(line) as { key: string }).key)).toEqual(numberedPredictions.map(({ key }) => key))
})
