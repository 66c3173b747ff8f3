import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { Engine } from '../../../src/engine/engine.ts'
import { Asker, figuresOf } from '../../../tools/demo-model/asker.ts'
import { evaluateAnswers } from '../../../tools/demo-model/evaluate-answers.ts'

/**
 * The demo model really sees: a stage that is wrong without failing (a swapped channel, a rotary sign, frames out of order) shows here,
 * because colors, left and right, first and last would fall to chance. The limits are below what `npm run demo:evaluate` measures on many
 * clips, by as much as twenty clips may vary.
 */
it('describes clips that it was not trained on', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tarsier-held-out-'))
  try {
    await using engine = new Engine({ model: 'demo', device: 'cpu', home: join(folder, 'home'), cache: false })
    const figures = await figuresOf([evaluateAnswers], { asker: new Asker(engine), seed: 2024, count: 20, folder })
    const minimum = { color: 0.9, shape: 0.85, background: 0.9, motion: 0.75, order: 0.6, question: 0.85 }
    for (const [name, bar] of Object.entries(minimum)) expect(figures.get(name), name).toBeGreaterThanOrEqual(bar)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
