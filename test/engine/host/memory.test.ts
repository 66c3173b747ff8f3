import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { startEngineHost } from '../../../src/engine/host/host-client.ts'
import { childrenOf } from '../../helpers/child-processes.ts'
import { ScratchFolder } from '../../helpers/scratch-folder.ts'
import { ask, never } from '../conversation/tiny-engine.ts'

const clip = fileURLToPath(new URL('../../../resources/examples/red-circle-right-then-grows.mp4', import.meta.url))
/** Memory use settles during the first clips. */
const SETTLED = 5
/** Memory rises by a fifth and falls again within fewer clips, as JavaScript's garbage is collected. */
const CYCLE = 30

/** Anonymous resident memory of the engine's process, in kB. */
function resident(): number {
  const [pid] = childrenOf(process.pid)
  return Number(/^RssAnon:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
}

// Only Linux separates a process's anonymous memory from its mapped files.
test.skipIf(process.platform !== 'linux')('memory use of the engine does not grow with the number of clips', async () => {
  await using home = await ScratchFolder.make()
  await using client = startEngineHost({ model: 'demo', device: 'cpu', home: home.directory, cache: false })
  const readings: number[] = []
  for (let i = 0; i < SETTLED + 2 * CYCLE; i += 1) {
    const question = ask('What?', { path: clip, frames: { kind: 'uniform', count: 8 } }, { maxTokens: 2 })
    for await (const _ of client.answer(`${i}`, question, never));
    await client.close(`${i}`)
    readings.push(resident())
  }
  const early = Math.min(...readings.slice(SETTLED, SETTLED + CYCLE))
  const late = Math.min(...readings.slice(SETTLED + CYCLE))
  expect(late).toBeLessThan(early * 1.05)
})
