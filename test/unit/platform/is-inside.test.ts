import { posix, win32 } from 'node:path'
import { describe, expect, it } from 'vitest'
import { isInside } from '../../../src/platform/is-inside.ts'

describe('isInside', () => {
  it.each([
    ['/', '/clip.mp4', true],
    ['/', '/', false],
    ['/media', '/media/a/clip.mp4', true],
    ['/media/', '/media/clip.mp4', true],
    ['/media', '/media/..clip.mp4', true],
    ['/media', '/media', false],
    ['/media', '/media-2/clip.mp4', false],
    ['/media', '/', false],
    ['/media', '/media/../secret', false],
    ['/media', '/Media/clip.mp4', false],
  ])('on Linux and macOS: %j has %j: %j', (folder, file, expected) => {
    expect(isInside(folder, file, posix)).toBe(expected)
  })

  it.each([
    ['C:\\', 'C:\\clip.mp4', true],
    ['C:\\', 'C:\\', false],
    ['C:\\', 'D:\\clip.mp4', false],
    ['C:\\Media', 'c:\\media\\a\\clip.mp4', true],
    ['C:\\Media', 'C:\\Media-2\\clip.mp4', false],
    ['C:\\Media', 'C:\\Media\\..clip.mp4', true],
    ['C:\\Media', 'C:\\Media\\..\\secret', false],
    ['C:\\Media', 'D:\\Media\\clip.mp4', false],
    ['C:\\Media', '\\\\server\\share\\clip.mp4', false],
    ['\\\\server\\share\\', '\\\\server\\share\\clip.mp4', true],
    ['\\\\server\\share', '\\\\server\\other\\clip.mp4', false],
  ])('on Windows: %j has %j: %j', (folder, file, expected) => {
    expect(isInside(folder, file, win32)).toBe(expected)
  })
})
