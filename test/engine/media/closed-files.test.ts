import { copyFile, readdir, readFile, readlink } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { openClip } from '../../../src/engine/media/open-clip.ts'
import { ScratchFolder } from '../../helpers/scratch-folder.ts'

/** Files below a folder that this process has open or mapped. */
async function filesInUse(folder: string): Promise<string[]> {
  const descriptors = await readdir('/proc/self/fd')
  const opened = await Promise.all(descriptors.map((number) => readlink(`/proc/self/fd/${number}`).catch(() => '')))
  const mapped = (await readFile('/proc/self/maps', 'utf8')).split('\n')
  return [...opened, ...mapped].filter((line) => line.includes(folder))
}

// Windows refuses to remove such files without naming them; Linux lists them in /proc.
test
  .skipIf(process.platform !== 'linux')
  .each(['lossless.webp', 'holes-lossy.webp', 'rgb.tif', 'cmyk.jpg', 'grey16.png', '3.gif', 'palette.apng.png', '420.mp4', '420-odd.webm'])(
  '%s is closed and unmapped after reading',
  async (name) => {
    await using scratch = await ScratchFolder.make()
    const path = scratch.path(name)
    await copyFile(fileURLToPath(new URL(`../../fixtures/media/${name}`, import.meta.url)), path)
    const { signal } = new AbortController()
    {
      await using clip = await openClip(path, signal)
      let frames = 0
      for await (const _ of clip.frames(clip.plan({ kind: 'indices', indices: [0] }), signal)) frames += 1
      expect(frames).toBe(1)
    }
    expect(await filesInUse(scratch.directory)).toEqual([])
  },
)
