import { judgeDream } from '../../../../src/bench/autodq/autodq.ts'
import { createJudge } from '../../../../src/bench/judges/create-judge.ts'
import { numberedPredictions } from './numbered-predictions.ts'

/** A process that judges, to be killed: the folder is its argument, the server comes from the environment. */
const [folder = ''] = process.argv.slice(2)
const { signal } = new AbortController()
const judge = await createJudge({ judge: 'openai:m', cache: `${folder}/verdicts.jsonl`, signal })
await judgeDream(numberedPredictions, judge, { folder, parallel: 4, signal })
await judge[Symbol.asyncDispose]()
