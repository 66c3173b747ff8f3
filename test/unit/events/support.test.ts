import { describe, expect, it } from 'vitest'
import { evidenceOf, supportOf } from '../../../src/engine/events/support.ts'

const word = (text: string, withClip: number, withoutClip = withClip) => ({ text, withClip, withoutClip })

describe('evidence', () => {
  it('is the log probability with the clip', () => {
    expect(evidenceOf([word('The', -0.1, -5), word('star', -2, -0.1), word('spins', -0.5)])).toEqual([-0.1, -2, -0.5])
  })

  it('counts "a" and "an" for the next word', () => {
    // The true caption would begin with "A red".
    expect(evidenceOf([word('An', -11), word('orange', -0.5), word('star', -0.2, 0)])).toEqual([0, -11.5, -0.2])
    expect(evidenceOf([word('It', -0.2), word('is', -0.1), word('a', -1)])).toEqual([-0.2, -0.1, -1])
  })

  it('counts what the clip takes away from words after a contradicted one', () => {
    // "disappears and" is unlikely in itself; the star is contradicted for itself.
    const words = [word('It', -0.1), word('disappears', -10, -3), word('and', -12.6, -13), word('star', -9, -1), word('spins', -1, -0.5)]
    expect(evidenceOf(words)).toEqual([-0.1, -10, 0, -8, -0.5])
    // Without a contradicted word before them, the same words are as unlikely as they are.
    expect(evidenceOf([word('It', -0.1), word('and', -12.6, -13)])).toEqual([-0.1, -12.6])
  })
})

describe('support', () => {
  const text = 'A red star spins. It is small.'
  const starts = [0, 1, 5, 10, 16, 17, 20, 23, 29]
  const scores = (...withClip: number[]) => ({ withClip: Float64Array.from(withClip), withoutClip: new Float64Array(9).fill(-2) })

  it('is from 0 to 1 by word, and that of the least supported word by sentence', () => {
    const [first, second] = supportOf({ text, starts }, scores(0, -0.1, 0, -9, 0, 0, 0, -3.7, 0))
    expect(first?.words.map((one) => one.text)).toEqual(['A', 'red', 'star', 'spins'])
    expect(first?.words.map(({ support }) => support > 0.5)).toEqual([true, true, true, false])
    expect(first?.support).toBe(first?.words[3]?.support)
    expect(first?.support).toBeLessThan(0.01)
    expect(second?.words.map(({ support }) => support.toFixed(1))).toEqual(['1.0', '1.0', '0.5'])
    expect(text.slice(second?.start, second?.end)).toBe('It is small.')
  })

  it('adds up the tokens of a word', () => {
    const [sentence] = supportOf(
      { text: 'triangles', starts: [0, 3, 6] },
      { withClip: Float64Array.of(-1, -2, -3), withoutClip: Float64Array.of(0, 0, -1) },
    )
    expect(sentence?.words).toMatchObject([{ withClip: -6, withoutClip: -1 }])
  })

  it.each([
    ['वह हिन्दी बोलता है।', ['वह', 'हिन्दी', 'बोलता', 'है']],
    ['Le cafe\u0301 ferme.', ['Le', 'cafe\u0301', 'ferme']],
    ['او می\u200cخواهد برود', ['او', 'می\u200cخواهد', 'برود']],
    ['ผู้ชายเดิน', ['ผู้ชาย', 'เดิน']],
    ['一个男人走过GPU店。', ['一个', '男人', '走过', 'GPU', '店']],
    ["It's 3.5 m; a black-and-white dog 👍🏽", ["It's", '3.5', 'm', 'a', 'black-and-white', 'dog', '👍🏽']],
  ])('is that of the words of "%s"', (sentence, words) => {
    const none = new Float64Array(1)
    const [found] = supportOf({ text: sentence, starts: [0] }, { withClip: none, withoutClip: none })
    expect(found?.words.map((one) => one.text)).toEqual(words)
  })

  it('adds up the tokens of marks', () => {
    // A letter and its vowel sign may be two tokens.
    const [sentence] = supportOf({ text: 'की', starts: [0, 1] }, { withClip: Float64Array.of(-1, -2), withoutClip: new Float64Array(2) })
    expect(sentence?.words).toMatchObject([{ start: 0, end: 2, withClip: -3 }])
  })
})
