import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join, relative } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findFfmpeg } from '../../../src/engine/media/pieces/ffmpeg-program.ts'

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tarsier-program-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

test('finds nothing where there is nothing', async () => {
  expect(await findFfmpeg({ PATH: folder }, join(folder, 'missing'))).toEqual({ program: null, notices: [] })
})

// A program of a few lines takes a shell, which Windows does not have.
describe.skipIf(process.platform === 'win32')('with programs', () => {
  const banner = (version: string) => `echo "ffmpeg version ${version} Copyright (c) the FFmpeg developers" >&2`
  const encoders = 'echo " V....D libx264              H.264"; echo " A....D aac                  AAC"'

  async function program(name: string, lines: string): Promise<string> {
    await mkdir(join(folder, name), { recursive: true })
    const path = join(folder, name, 'ffmpeg')
    await writeFile(path, `#!/bin/sh\n${lines}\n`)
    await chmod(path, 0o755)
    return path
  }

  test('takes the package’s binary, then FFMPEG_PATH, then the PATH', async () => {
    const bundled = await program('bundled', `${banner('6.1.1-static')}; ${encoders}`)
    const named = await program('named', `${banner('7.1')}; ${encoders}`)
    const onPath = await program('bin', banner('4.4.2'))
    const env = { FFMPEG_PATH: named, PATH: join(folder, 'bin') }
    expect(await findFfmpeg(env, bundled)).toEqual({ program: { path: bundled, version: '6.1.1-static', encodes: true }, notices: [] })
    expect((await findFfmpeg(env, join(folder, 'not downloaded'))).program).toMatchObject({ path: named, version: '7.1' })
    expect((await findFfmpeg({ PATH: env.PATH }, null)).program).toEqual({ path: onPath, version: '4.4.2', encodes: false })
  })

  test('tells that FFMPEG_PATH is wrong, and goes on', async () => {
    const onPath = await program('bin', `${banner('5.1')}; ${encoders}`)
    const broken = await program('broken', 'exit 1')
    const other = await program('other', 'echo hello')
    for (const wrong of [join(folder, 'missing'), broken, other, folder]) {
      const { program: found, notices } = await findFfmpeg({ FFMPEG_PATH: wrong, PATH: join(folder, 'bin') }, null)
      expect(found?.path).toBe(onPath)
      expect(notices).toEqual([expect.stringContaining(wrong)])
    }
  })

  test('never looks into the current folder', async () => {
    await program('bin', `${banner('5.1')}; ${encoders}`)
    const here = relative(process.cwd(), join(folder, 'bin'))
    expect((await findFfmpeg({ PATH: ['', '.', here].join(delimiter) }, null)).program).toBeNull()
  })
})
