import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'

/**
 * llama.cpp's vision tower in a process without a TypeScript loader, which is incompatible with the package.
 * The first message loads the tower, every further message is an image; the reply to each is the time in milliseconds, and the text for an image.
 * @type {any}
 */
let context = null

process.on('message', async (/** @type {any} */ message) => {
  try {
    process.send?.(context === null ? await load(message) : await look(message))
  } catch (error) {
    process.send?.({ error: String(error) })
  }
})
process.on('disconnect', () => process.exit(0))

/** @param {{ modules: string, language: string, mmproj: string, threads: number }} message */
async function load({ modules, language, mmproj, threads }) {
  const { loadModel } = createRequire(join(resolve(modules), 'package.json'))('@fugood/llama.node')
  const opened = await loadModel({ model: language, n_ctx: 4096, n_gpu_layers: 0, n_threads: threads })
  const start = performance.now()
  if (!(await opened.initMultimodal({ path: mmproj, use_gpu: false }))) throw new Error(`mtmd could not load ${mmproj}`)
  context = opened
  return { milliseconds: performance.now() - start, tokens: 0 }
}

/**
 * A prompt's tokens are chosen greedily. `top_k` and `seed` are needed for that: with a temperature of 0 alone, results varied.
 * @param {{ picture: string, prompt?: string, tokens?: number }} message
 */
async function look({ picture, prompt = '<__media__>', tokens = 1 }) {
  const start = performance.now()
  const options = { prompt, media_paths: [picture], n_predict: tokens, temperature: 0, top_k: 1, seed: 1 }
  const { timings, text } = await context.completion(options)
  return { milliseconds: performance.now() - start, tokens: timings.prompt_n, text }
}
