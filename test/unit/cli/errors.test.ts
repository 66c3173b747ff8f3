import { describe, expect, it } from 'vitest'
import { errorLine } from '../../../src/cli/errors.ts'
import { TarsierError } from '../../../src/shared/errors.ts'

describe('errors on stderr', () => {
  it('names the file, the sentence and the code on one line', () => {
    const error = new TarsierError('file-empty', 'The file is empty.\nGive another.')
    expect(errorLine(error, 'a.mp4')).toBe('tarsier: a.mp4: The file is empty. Give another. [file-empty]')
  })

  it('does not name the file twice', () => {
    expect(errorLine(new TarsierError('file-missing', 'There is no a.mp4.'), 'a.mp4')).toBe('tarsier: There is no a.mp4. [file-missing]')
  })

  it('says how to do what is advised', () => {
    expect(errorLine(new TarsierError('engine-crashed', 'Choose the CPU.'))).toBe(
      'tarsier: Choose the CPU. (--device cpu) [engine-crashed]',
    )
    const fits = new TarsierError('context-full', 'It fits with 4 frames.', { details: { visual: 900, frames: 4, maxPixels: 5000 } })
    expect(errorLine(fits)).toContain('It fits with 4 frames. (--frames 4 --max-pixels 5000; "tarsier describe --fit" does that by itself)')
    expect(errorLine(new TarsierError('context-full', 'Start over.', { details: { visual: 9 } }))).toBe(
      'tarsier: Start over. [context-full]',
    )
  })

  it('says of the unforeseen that it is so, without its stack', () => {
    const line = errorLine(new RangeError('boom'))
    expect(line).toContain('boom')
    expect(line).toContain('[internal]')
    expect(line).not.toContain('    at ')
  })

  it('lets no file name drive the terminal', () => {
    expect(errorLine(new TarsierError('not-media', 'Not a clip.'), 'evil\x1b[2J\x07.mp4')).toBe(
      'tarsier: evil�[2J�.mp4: Not a clip. [not-media]',
    )
  })
})
