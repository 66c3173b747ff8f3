import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { filesFor, partFolder, RUNTIME, runtimeFolder } from '../../../src/engine/gpu-pack/pack-parts.ts'
import { startEngineHost } from '../../../src/engine/host/host-client.ts'
import { childrenOf } from '../../helpers/child-processes.ts'
import { ScratchFolder } from '../../helpers/scratch-folder.ts'

const vision = filesFor().find(({ use }) => use === 'vision')

/** Paths of ONNX Runtime's library in the engine's process, after it loaded a model with its tower. */
async function loadedRuntimes(home: string): Promise<string[]> {
  await using client = startEngineHost({ model: 'demo', device: 'cpu', home, cache: false })
  await client.load(new AbortController().signal, 'any')
  const maps = childrenOf(process.pid).map((pid) => readFileSync(`/proc/${pid}/maps`, 'utf8'))
  return [...new Set(maps.join().match(/\/\S*libonnxruntime\.so\S*/g))]
}

test.runIf(process.platform === 'linux' && vision)(
  "the engine's process uses the ONNX Runtime of the GPU pack, if there is one",
  async () => {
    await using scratch = await ScratchFolder.make()
    const own = join(runtimeFolder(), RUNTIME)
    expect(await loadedRuntimes(scratch.directory)).toEqual([own])
    if (!vision) return
    const folder = partFolder(scratch.directory, vision)
    mkdirSync(folder, { recursive: true })
    copyFileSync(own, join(folder, RUNTIME))
    writeFileSync(join(folder, 'part.json'), JSON.stringify({ integrity: vision.integrity }))
    expect(await loadedRuntimes(scratch.directory)).toEqual([join(folder, RUNTIME)])
  },
)
