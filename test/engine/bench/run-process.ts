import { OpenAiModel } from '../../../src/bench/run/openai-model.ts'
import { runBenchmark } from '../../../src/bench/run/run-benchmark.ts'
import { selectSamples } from '../../../src/bench/run/samples.ts'
import { TarsierModel } from '../../../src/bench/run/tarsier-model.ts'
import { samplingSchema } from '../../../src/shared/sampling.ts'

/**
 * A benchmark run in a child process, until the test kills it: with the model of a server if an address is given, else with the demo model.
 * Sends a message for every finished sample.
 */
const [annotations = '', out = '', home = '', baseUrl = ''] = process.argv.slice(2)
const signal = new AbortController().signal
const sampling = samplingSchema.parse({ maxTokens: 24 })
const selected = await selectSamples({ names: [], annotations }, signal)
const model = baseUrl
  ? new OpenAiModel({
      model: 'm',
      baseUrls: [baseUrl],
      clip: { form: 'path', frames: { kind: 'uniform', count: 4 } },
      answerPrefixForm: 'continue',
      sampling,
      version: '0',
    })
  : await TarsierModel.open({ engine: { model: 'demo', device: 'cpu', home }, frames: { count: 4 }, sampling, version: '0' }, signal)
try {
  const workers = baseUrl ? ([model, model, model, model] as const) : ([model] as const)
  const options = { out, videos: null, home, workers, retryFailed: false, anew: false }
  await runBenchmark(selected, options, (event) => event.kind === 'done' && process.send?.(event.prediction.key), signal)
} finally {
  await model[Symbol.asyncDispose]()
}
process.disconnect?.()
