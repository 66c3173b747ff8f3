import { copyFileSync, mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import sharp from 'sharp'
import type { SeenFile } from '../../src/library/clips.ts'
import { newId } from '../../src/library/ids.ts'
import { Library } from '../../src/library/library.ts'
import type { Turn } from '../../src/shared/contract/chats.ts'
import { examples } from '../../src/shared/examples.ts'
import { done, seen } from '../../test/unit/library/scratch-library.ts'

const HOUR = 3_600_000

/**
 * Creates a library of `entries` conversations with one question each, except for the newest, which has `turns`. Their clips exist and have
 * thumbnails, as in a library in real use; many share a file.
 */
export async function fillLibrary(home: string, { entries, turns }: { readonly entries: number; readonly turns: number }): Promise<void> {
  const files = examplesIn(join(home, 'clips'))
  const picture = await sharp({
    create: { width: 320, height: 180, channels: 3, background: 'white', noise: { type: 'gaussian', mean: 128, sigma: 40 } },
  })
    .jpeg()
    .toBuffer()
  using library = new Library(home)
  library.transaction(() => {
    for (let i = 0; i < entries; i++) {
      const file = files[i % files.length]
      if (!file) throw new RangeError('there are no examples')
      const { key, id } = library.clips.add({ ...file, name: `clip ${i + 1}.mp4` })
      library.clips.setThumbnail(id, picture)
      const last = i === entries - 1
      const created = Date.now() - (entries - i) * HOUR
      const all = Array.from({ length: last ? turns : 1 }, (_, index) => turnOf(last ? index : i, index, created))
      library.chats.restore(key, { id: newId(), title: null, created, updated: created }, all)
    }
  })
}

function examplesIn(folder: string) {
  mkdirSync(folder, { recursive: true })
  return examples.map(({ name }) => {
    const path = join(folder, name)
    copyFileSync(fileURLToPath(new URL(`../../resources/examples/${name}`, import.meta.url)), path)
    const { size, mtimeMs } = statSync(path)
    return { ...seen(path, { width: 320, height: 180, frameCount: 60, duration: 6, bytes: size }), bytes: size, modified: mtimeMs }
  })
}

/** Creates a clip whose file does not exist. */
export function libraryClip(path: string, name: string): SeenFile {
  return { ...seen(path, { width: 320, height: 180, frameCount: 60, duration: 6 }), name }
}

/** Creates a turn; answers range from one sentence to a list with times, as models write them. */
export function turnOf(number: number, index: number, created: number): Turn {
  const sentence = `In clip ${number + 1} a blue square spins while a **yellow star** moves to the left, then stops at the edge.`
  const list = Array.from({ length: number % 5 }, (_, i) => `- at 0:0${i}: the square turns by another ${(i + 1) * 15} degrees`)
  return {
    index,
    question: `What happens in part ${number + 1} of it?`,
    settings: {},
    model: 'demo',
    state: 'done',
    text: [Array.from({ length: 1 + (number % 4) }, () => sentence).join(' '), '', ...list].join('\n').trim(),
    answer: done,
    error: null,
    timed: null,
    version: 0,
    versions: 1,
    created,
  }
}
