import { describe, expect, it } from 'vitest'
import { parseModelCard } from '../../../src/engine/checkpoint/model-card.ts'

describe('parseModelCard', () => {
  it.each([
    [
      '---\nlicense: apache-2.0\nlanguage: [en, "zh"]\ntags:\n- video\n  - caption # why\n---\n',
      { licence: 'apache-2.0', languages: ['en', 'zh'], tags: ['video', 'caption'] },
    ],
    ['---\r\nlicense: other\r\nlicense_name: "mine"\r\n---\r\n', { licence: 'other', licenceName: 'mine', tags: [], languages: [] }],
    // Items belong to their own field, whatever its name.
    [
      '---\nlicense: mit\nmodel-index:\n- name: a\n  results:\n  - task: b\ntags: [c]\nlora.r:\n- 8\n---\n',
      { licence: 'mit', tags: ['c'], languages: [] },
    ],
    ['license: apache-2.0\n', { tags: [], languages: [] }],
    ['---\nlicense: apache-2.0\nnever closed', { tags: [], languages: [] }],
    ['', { tags: [], languages: [] }],
  ])('of %j', (text, card) => {
    expect(parseModelCard(text)).toEqual(card)
  })
})
