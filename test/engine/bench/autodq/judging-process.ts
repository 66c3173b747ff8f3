import { judgeDream } from '../../../../src/bench/autodq/autodq.ts'
import { createJudge } from '../../../../src/bench/judges/create-judge.ts'
import { numberedPredictions } from './numbered-predictions.ts'

/** A child process that judges until the test kills it. The folder is its argument; the environment names the server. */
const [folder = ''] = process.argv.slice(2)
const { signal } = new AbortController()
const judge = await createJudge({ judge: 'openai:m', cache: `${folder}/verdicts.jsonl`, signal })
await judgeDream(numberedPredictions, judge, { folder, parallel: 4, signal })
await judge[Symbol.asyncDispose]()
