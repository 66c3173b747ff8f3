import { expect, it } from 'vitest'
import { fileNamePart } from '../../../src/shared/file-name.ts'

it.each([
  ['हिन्दी वीडियो', 'हिन्दी वीडियो'],
  ['U\u0308bung', 'Übung'],
  ['می‌خواهم', 'می‌خواهم'],
  ['วิดีโอ: ที่ 1', 'วิดีโอ ที่ 1'],
  ['a/b\\c:d*e?"f"<g>|h', 'a b c d e f g h'],
  [' What happens? ', 'What happens'],
  ['clip_1-a.mp4', 'clip_1-a.mp4'],
  ['🎬🎬', ''],
  ['I ❤\ufe0f 👨\u200d👩 films', 'I films'],
])('%s becomes %s', (text, name) => {
  expect(fileNamePart(text, ' ')).toBe(name)
})

it('replaces what is not allowed by dashes where names have no spaces', () => {
  expect(fileNamePart('my model (Q8)', '-')).toBe('my-model-Q8')
})

it('cuts long names between characters', () => {
  // A letter of two UTF-16 units, and one of a letter and three marks.
  expect(fileNamePart(`${'a'.repeat(79)}𠀀`, ' ')).toBe('a'.repeat(79))
  expect(fileNamePart(`${'a'.repeat(77)}नी\u0902\u0901`, ' ')).toBe('a'.repeat(77))
  expect(fileNamePart('字'.repeat(100), ' ')).toBe('字'.repeat(80))
})
