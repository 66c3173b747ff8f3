import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type CaptionShape, captionShapeSchema } from '../../../../src/shared/shaping/caption-shape.ts'
import { readyShapes } from '../../../../src/shared/shaping/ready-shapes.ts'
import { countWords, sentencesOf } from '../../../../src/shared/shaping/sentences.ts'
import { shapeCaption } from '../../../../src/shared/shaping/shape-caption.ts'

type Rules = Parameters<typeof captionShapeSchema.parse>[0]
const shapeOf = (rules: object): CaptionShape => captionShapeSchema.parse(rules as Rules)
const shaped = (text: string, rules: object, cutOff = false) => shapeCaption(text, shapeOf(rules), { cutOff })
const textOf = (text: string, rules: object) => shaped(text, rules).text

describe('sentences', () => {
  it.each([
    ['en', 'Mr. Smith and J. Doe walk. Then they stop.', ['Mr. Smith and J. Doe walk.', 'Then they stop.']],
    [
      'en',
      'He shouts "Stop!" and runs. It is 5 p.m. in the U.S. Army camp.',
      ['He shouts "Stop!" and runs.', 'It is 5 p.m. in the U.S. Army camp.'],
    ],
    ['en', 'A sign, e.g. one of wood, is 3.5 m tall! Why?', ['A sign, e.g. one of wood, is 3.5 m tall!', 'Why?']],
    ['en', 'A man walks\nacross the road. A dog\n\nsits', ['A man walks\nacross the road.', 'A dog', 'sits']],
    ['en', '- a red car\n- a dog\n1. A man\n2. Another', ['- a red car', '- a dog', '1. A man', '2. Another']],
    ['de', 'Am 3. Mai läuft Dr. Weiß. Ein Hund bellt.', ['Am 3. Mai läuft Dr. Weiß.', 'Ein Hund bellt.']],
    ['es', 'El hombre dice: «¡Hola!» y se va. ¿Qué pasa? Nada.', ['El hombre dice: «¡Hola!» y se va.', '¿Qué pasa?', 'Nada.']],
    ['zh', '一个男人走过。他停下来了！狗叫。', ['一个男人走过。', '他停下来了！', '狗叫。']],
    ['zh', '他停下！“走。”（他走了。）', ['他停下！', '“走。”', '（他走了。）']],
    ['ja', '男が歩く。犬が「ワン」と鳴く。', ['男が歩く。', '犬が「ワン」と鳴く。']],
    ['hi', 'वह चलता है। वह बैठता है।', ['वह चलता है।', 'वह बैठता है।']],
    ['hi', 'यह एक किताब. वह बैठता है.', ['यह एक किताब.', 'वह बैठता है.']],
    ['fr', 'Il y a des cafe\u0301s. E\u0301. Zola passe.', ['Il y a des cafe\u0301s.', 'E\u0301. Zola passe.']],
    ['ru', 'Мужчина идёт по г. Москве. Собака лает.', ['Мужчина идёт по г. Москве.', 'Собака лает.']],
    ['ar', 'رجل يمشي. كلب ينبح؟ نعم.', ['رجل يمشي.', 'كلب ينبح؟', 'نعم.']],
  ])('of %s', (language, text, expected) => {
    expect(sentencesOf(text, language).map((sentence) => sentence.text)).toEqual(expected)
  })

  it('are the whole text', () => {
    fc.assert(
      fc.property(words(), (text) => {
        expect(
          sentencesOf(text, 'en')
            .map((sentence) => sentence.text + sentence.gap)
            .join(''),
        ).toBe(text)
      }),
    )
  })
})

describe('limits', () => {
  const text = 'A man walks. A dog runs fast. The sun sets.'

  it('end the text after the last sentence that fits, the prefix counted', () => {
    expect(textOf(text, { maxWords: 7 })).toBe('A man walks. A dog runs fast.')
    expect(textOf(text, { maxWords: 6 })).toBe('A man walks.')
    expect(textOf(text, { maxWords: 7, prefix: 'sks' })).toBe('sks A man walks.')
    expect(textOf(text, { maxSentences: 2 })).toBe('A man walks. A dog runs fast.')
  })

  it('keep a first sentence that is too long, and say so', () => {
    expect(shaped('A man walks slowly home. A dog.', { name: 'short', maxWords: 3 })).toEqual({
      shape: 'short',
      text: 'A man walks slowly home.',
      words: 5,
      leftOut: 1,
      unmet: ['maxWords'],
      notices: [expect.stringMatching(/first sentence alone makes 5 words, more than the 3/)],
    })
  })

  it('tell of a text that is too short, and of none at all nothing', () => {
    expect(shaped('A man.', { minWords: 3 })).toMatchObject({
      text: 'A man.',
      unmet: ['minWords'],
      notices: [expect.stringMatching(/2 words, fewer than the 3/)],
    })
    expect(shaped(' \n', { minWords: 3, prefix: 'sks' })).toEqual({
      shape: 'custom',
      text: '',
      words: 0,
      leftOut: 0,
      unmet: [],
      notices: [],
    })
  })

  it('count words by the rules of the language', () => {
    expect(countWords("Don't count 3.5 marks — ever!", 'en')).toBe(5)
    expect(textOf('一个男人走过。他停下来了！', { language: 'zh', maxWords: 4 })).toBe('一个男人走过。')
  })
})

describe('an answer that was cut off', () => {
  it('loses its unfinished sentence', () => {
    expect(shaped('A man walks. A dog ru', {}, true)).toMatchObject({ text: 'A man walks.', leftOut: 1, unmet: [] })
    expect(shaped('A man walks. A dog runs.', {}, true).text).toBe('A man walks. A dog runs.')
    expect(shaped('red car, street, tre', { form: 'tags' }, true).text).toBe('red car, street')
  })

  it('keeps its only sentence, and says so', () => {
    expect(shaped('A man wal', {}, true)).toMatchObject({
      text: 'A man wal',
      unmet: ['wholeSentences'],
      notices: [expect.stringMatching(/incomplete/)],
    })
  })
})

describe('banned openings', () => {
  const short = readyShapes.find(({ name }) => name === 'short-caption')

  it.each([
    ['The video shows a man walking.', 'A man walking.'],
    ['In this video, we see an old   man.', 'An old man.'],
    ['THE CLIP DEPICTS “Élan”, a ship.', '“Élan”, a ship.'],
    ['The video begins with a car. The footage then stops.', 'A car. The footage then stops.'],
    ['The videos show a man.', 'The videos show a man.'],
    ['The video.', 'The video.'],
  ])('of the ready shapes: %s', (text, expected) => {
    expect(textOf(text, { ...short })).toBe(expected)
  })

  it('are removed from every sentence, and a sentence with nothing else is left out', () => {
    expect(textOf("It's seen that a man walks. It’s seen that: he sits. It's seen that!", { bannedOpenings: ["it's seen that"] })).toBe(
      'A man walks. He sits.',
    )
    expect(textOf('视频中，一个男人走过。', { language: 'zh', bannedOpenings: ['视频中'] })).toBe('一个男人走过。')
    expect(textOf('Das Video zeigt öde Straßen.', { language: 'de', bannedOpenings: ['das video zeigt'] })).toBe('Öde Straßen.')
    expect(textOf('videoda ince bir adam.', { language: 'tr', bannedOpenings: ['videoda'] })).toBe('İnce bir adam.')
  })

  it('treat signs of regular expressions as text', () => {
    expect(textOf('(A+) [x] a man. Aaa a man.', { bannedOpenings: ['(a+) [x]'] })).toBe('A man. Aaa a man.')
    expect(textOf('A man. A black-and-white dog.', { bannedWords: ['black-and-white'] })).toBe('A man.')
  })
})

describe('banned words', () => {
  it('leave their sentence out', () => {
    const text = 'A man walks. A Watermark is seen. He seems sad. Semaphores wave.'
    expect(shaped(text, { bannedWords: ['watermark', 'seem*'] })).toMatchObject({
      text: 'A man walks. Semaphores wave.',
      leftOut: 2,
    })
    expect(textOf(text, { bannedWords: ['water', 'is   seen'] })).toBe('A man walks. He seems sad. Semaphores wave.')
    expect(textOf('他走。画面有水印。', { language: 'zh', bannedWords: ['水印'] })).toBe('他走。')
    expect(textOf('犬が走る。コーヒーを飲む。', { language: 'ja', bannedWords: ['コーヒー'] })).toBe('犬が走る。')
    expect(textOf('แมวเดิน\n\nแม่เดิน', { language: 'th', bannedWords: ['แม่'] })).toBe('แมวเดิน')
    expect(textOf('Un nin\u0303o. Un nin\u0303os.', { language: 'es', bannedWords: ['nin\u0303'] })).toBe('Un nin\u0303o. Un nin\u0303os.')
  })

  it('leave no caption empty, and say so', () => {
    expect(shaped('He seems sad.', { bannedWords: ['seems'] })).toMatchObject({
      text: 'He seems sad.',
      unmet: ['bannedWords'],
      notices: [expect.stringContaining('"seems"')],
    })
  })
})

describe('one line', () => {
  it('has no line breaks, and no marks of lists', () => {
    expect(textOf('# Scene\n\n- A man\twalks.\r\n* A dog\u2028runs.\n3. The end.', {})).toBe('Scene A man walks. A dog runs. The end.')
    expect(textOf('一个男人\n走过。\n\n狗叫。', { language: 'zh' })).toBe('一个男人走过。狗叫。')
  })

  it('is a rule that can be switched off', () => {
    expect(textOf('A man walks.\n\n- A dog.\n- A cat.', { oneLine: false, maxSentences: 2 })).toBe('A man walks.\n\n- A dog.')
  })
})

describe('a prefix', () => {
  it.each([
    [{ prefix: 'sks man,' }, 'A man.', 'sks man, A man.'],
    [{ prefix: 'sks   ' }, 'A man.', 'sks A man.'],
    [{ prefix: '触发词，', language: 'zh' }, '一个男人。', '触发词，一个男人。'],
    [{ prefix: 'sks', form: 'tags' }, 'man, dog', 'sks, man, dog'],
  ])('%o', (rules, text, expected) => {
    expect(textOf(text, rules)).toBe(expected)
  })
})

describe('tags', () => {
  it('are each there once, without the words around them', () => {
    const text = 'The video shows red car, Street at night;\n- red Car\n- "slow motion".\n- video quality, trees'
    expect(textOf(text, { ...readyShapes.find(({ name }) => name === 'tags') })).toBe('red car, Street at night, slow motion, trees')
    expect(shaped('a b, c d, e f', { form: 'tags', maxWords: 4 })).toMatchObject({ text: 'a b, c d', words: 4, leftOut: 1 })
    expect(textOf('红色汽车、街道，夜晚。', { form: 'tags', language: 'zh', maxTags: 2 })).toBe('红色汽车, 街道')
  })
})

describe('any text in any shape', () => {
  const rules = fc.record(
    {
      maxWords: fc.integer({ min: 1, max: 30 }),
      maxSentences: fc.integer({ min: 1, max: 5 }),
      minWords: fc.constant(1),
      bannedWords: fc.constant(['dog|cat', 'sea*']),
      bannedOpenings: fc.constant(['the video shows', 'in this video']),
      prefix: fc.constantFrom('', 'sks', 'ohwx man, '),
    },
    { requiredKeys: [] },
  )

  it('keeps the rules, or says which it does not', () => {
    fc.assert(
      fc.property(words(), rules, fc.boolean(), (text, wanted, cutOff) => {
        const shape = shapeOf(wanted)
        const caption = shapeCaption(text, shape, { cutOff })
        expect(caption.text).not.toMatch(/[\n\r\v\f\u0085\u2028\u2029]|^\s|\s$/u)
        expect(caption.notices).toHaveLength(caption.unmet.length)
        expect(caption.words).toBe(countWords(caption.text, 'en'))
        if (!caption.unmet.includes('maxWords')) expect(caption.words).toBeLessThanOrEqual(shape.maxWords ?? Number.POSITIVE_INFINITY)
        if (shape.bannedWords.length > 0 && !caption.unmet.includes('bannedWords'))
          expect(caption.text).not.toMatch(/\b(dog|cat|sea\w*)\b/iu)
        // A full stop after an abbreviation, an initial or a number may end no sentence.
        if (shape.bannedOpenings.length > 0) expect(caption.text).not.toMatch(/(^|! )(the video shows|in this video)\b/iu)
        expect(caption.text === '' || caption.text.startsWith(shape.prefix.trim())).toBe(true)
      }),
    )
  })

  it('changes nothing the second time', () => {
    fc.assert(
      fc.property(words(), rules, (text, wanted) => {
        const shape = shapeOf({ ...wanted, prefix: '' })
        const once = shapeCaption(text, shape, { cutOff: false }).text
        expect(shapeCaption(once, shape, { cutOff: false }).text).toBe(once)
      }),
    )
  })
})

/** Texts of words that shapes treat differently, with punctuation and line breaks of many kinds. */
function words() {
  const word = fc.constantFrom(
    'A',
    'man',
    'walks',
    'Dog',
    'cat',
    'seaside',
    'The video shows',
    'In this video,',
    'Dr.',
    'e.g.',
    '3.5',
    '«Oui»',
    'Éa',
  )
  const gap = fc.constantFrom(' ', '. ', '! ', '.\n', '\n\n', '\n- ', '… ', ', ', '\u2028', '.')
  return fc.array(fc.tuple(word, gap), { maxLength: 30 }).map((pairs) => pairs.map(([text, after]) => text + after).join(''))
}
