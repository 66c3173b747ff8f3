import { mkdir } from 'node:fs/promises'
import { basename } from 'node:path'
import { expect, it } from 'vitest'
import { planClips } from '../../../src/cli/plan-clips.ts'
import { ScratchFolder } from '../../helpers/scratch-folder.ts'

const never = new AbortController().signal

it('gives clips of the same name different files, also where the system treats Clip.txt and clip.txt as one', async () => {
  await using scratch = await ScratchFolder.make()
  for (const name of ['a/Clip.mp4', 'b/clip.mp4', 'c/clip.mp4', 'out'])
    await mkdir(scratch.path(name.split('/')[0] ?? ''), { recursive: true })
  for (const name of ['a/Clip.mp4', 'b/clip.mp4', 'c/clip.mp4']) await scratch.write(name, '')
  const files = ['a/Clip.mp4', 'b/clip.mp4', 'c/clip.mp4'].map((name) => scratch.path(name))
  const clips = await planClips(files, () => ({ kind: 'path', path: scratch.path('out'), extension: 'srt' }), {}, never)
  expect(clips.map(({ target }) => basename(target ?? ''))).toEqual(['Clip.srt', 'clip-2.srt', 'clip-3.srt'])
})
