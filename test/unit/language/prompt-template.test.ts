import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { tokenTypes } from '../../../src/engine/checkpoint/vocabulary.ts'
import { TARSIER_CLIP, tarsierTemplate } from '../../../src/engine/families/llava/tarsier-template.ts'
import { PromptTemplate } from '../../../src/engine/language/prompt-template.ts'
import { TemplateRenderer } from '../../../src/engine/language/template-renderer.ts'
import type { ChatMessage, ChatPart } from '../../../src/engine/language/types.ts'

const vocabulary = {
  controls: new Map([
    ['<|start|>', 1],
    ['<|end|>', 2],
    ['<pad>', 3],
  ]),
  bosText: '',
  eosText: '<|end|>',
}
const text = (words: string): ChatPart => ({ type: 'text', text: words })
const message = (role: ChatMessage['role'], ...content: readonly ChatPart[]): ChatMessage => ({ role, content })

let renderer: TemplateRenderer
beforeAll(() => {
  renderer = new TemplateRenderer()
})
afterAll(() => renderer[Symbol.asyncDispose]())

/** Rendered text, with control tokens in brackets and clips as a star. */
async function shown(template: string, ...messages: readonly ChatMessage[]): Promise<string> {
  const opened = await PromptTemplate.open(renderer, { template, videoPad: '<pad>' }, vocabulary)
  const parts = await opened.render(messages, false)
  return parts.map((part) => (part.kind === 'text' ? part.text : part.kind === 'control' ? `[${part.token}]` : '*')).join('')
}

const parts =
  "{% for m in messages %}<|start|>{{ m['role'] }} {% for p in m['content'] %}{% if p['type'] == 'video' %}<pad>{% else %}{{ p['text'] }}{% endif %}{% endfor %}<|end|>{% endfor %}"
const strings = "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }};{% endfor %}"

test('keeps texts and clips in order', async () => {
  const content = [text('one '), { type: 'video' } as const, text(' two '), { type: 'video' } as const, { type: 'video' } as const]
  expect(await shown(parts, message('system', text('Be brief.')), message('user', ...content))).toBe(
    '[1]system Be brief.[2][1]user one * two **[2]',
  )
})

test('gives a template for strings the texts of a message as lines', async () => {
  expect(await shown(strings, message('user', text('one'), text('two')))).toBe('user: one\ntwo;')
})

describe('a template without a system message', () => {
  const silent = "{% for m in messages %}{% if m['role'] != 'system' %}{{ m['role'] }}: {{ m['content'] }};{% endif %}{% endfor %}"
  const refusing = `{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system') }}{% endif %}${strings}`
  test.each([silent, refusing])('puts the system text before the first question: %s', async (template) => {
    expect((await PromptTemplate.open(renderer, { template, videoPad: '<pad>' }, vocabulary)).takesSystem).toBe(false)
    const rest = [message('user', text('What?')), message('assistant', text('A dog.')), message('user', text('Why?'))]
    const prompt = await shown(template, message('system', text('Be brief.')), ...rest)
    expect(prompt).toMatch(/^user: Be brief\.\s+What\?;assistant: A dog\.;user: Why\?;$/)
    expect(await shown(template, ...rest)).toBe('user: What?;assistant: A dog.;user: Why?;')
  })
})

test('rejects messages that the template refuses as wrong usage, and a template that renders nothing as damaged', async () => {
  const alternating = `{% for m in messages %}{% if (m['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('roles must alternate.') }}{% endif %}{% endfor %}${strings}`
  const twice = [message('user', text('What?')), message('user', text('Why?'))]
  await expect(shown(alternating, ...twice)).rejects.toThrow(
    expect.objectContaining({ code: 'usage', message: expect.stringContaining('roles must alternate'), details: { param: 'messages' } }),
  )
  await expect(shown("{{ raise_exception('broken') }}", ...twice)).rejects.toThrow(expect.objectContaining({ code: 'model-damaged' }))
})

test("Tarsier 1's template keeps pictures in place and puts a system message first", async () => {
  const template = tarsierTemplate({ tokens: ['</s>'], types: [tokenTypes.control], specialIds: new Map() })
  const controls = new Map([['</s>', 2]])
  const clip: ChatPart = { type: 'video' }
  const messages = [
    message('system', text('Be brief.')),
    message('user', text('Compare '), clip, text('with '), clip, text('Which?')),
    message('assistant', text('The first'), text(' one.')),
    message('user', clip, text('And this?')),
  ]
  const opened = await PromptTemplate.open(renderer, { template, videoPad: TARSIER_CLIP }, { controls, bosText: '', eosText: '' })
  expect(opened.takesSystem).toBe(true)
  const rendered = await opened.render(messages, true)
  const words = rendered.map((part) => (part.kind === 'text' ? part.text : part.kind === 'control' ? '</s>' : '<image>')).join('')
  expect(words).toBe(
    'Be brief. USER: Compare <image>\nwith <image>\nWhich? ASSISTANT: The first one.</s>USER: <image>\nAnd this? ASSISTANT:',
  )
})
