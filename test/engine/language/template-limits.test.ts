import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadLanguage } from '../../../src/engine/language/llama-model.ts'
import { TemplateRenderer } from '../../../src/engine/language/template-renderer.ts'
import { importCheckpoint } from '../../../src/engine/models/import/import-checkpoint.ts'
import { CheckpointCopy } from '../../helpers/checkpoint-folder.ts'
import { never, prompts, tinyModel } from './tiny-model.ts'

/** Builds a text of 2 to the power of `times` characters in `ns.s`. */
const doubled = (times: number) => `{% set ns = namespace(s="a") %}{% for i in range(${times}) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}`
const loops = (depth: number): string => (depth === 0 ? '' : `{% for i in range(1000) %}${loops(depth - 1)}{% endfor %}`)

/** Templates with the fault of each; a fast machine exceeds the memory limit before the time limit. */
const HOSTILE: readonly (readonly [name: string, template: string, fault: string | RegExp])[] = [
  ['nested loops', loops(4), 'time'],
  ['a list that refers to itself twice, forty times over', nested(40), 'time'],
  ['white space that a pattern goes over again and again', `a${' '.repeat(200_000)}b`, 'time'],
  ['a range of a billion', '{% for i in range(1000000000) %}x{% endfor %}', /^(time|memory)$/],
  [
    'a list that doubles',
    '{% set ns = namespace(l=[1]) %}{% for i in range(60) %}{% set ns.l = ns.l + ns.l %}{% endfor %}',
    /^(time|memory)$/,
  ],
  ['a text that doubles', doubled(60), 'length'],
  ['a text that doubles and is thrown away', `${doubled(24)}{{ ns.s | length }}`, 'length'],
  ['a wide indent', '{{ "a\nb" | indent(100000000) | length }}', 'length'],
  ['a text joined by a text', `${doubled(16)}{{ range(400) | join(ns.s) | length }}`, 'length'],
  ['a text put in place of every letter', `${doubled(14)}{{ ns.s.replace("a", ns.s) | length }}`, 'length'],
  ['output without an end', `{% for i in range(5000) %}${'words and '.repeat(10)}{% endfor %}`, 'length'],
  ['nested brackets', `{{ ${'('.repeat(100_000)}1${')'.repeat(100_000)} }}`, 'depth'],
  ['a list that holds itself', '{% set ns = namespace(l=[]) %}{% set ns.l = [ns] %}{{ ns }}', 'depth'],
  ['a template of many pages', 'words '.repeat(100_000), 'size'],
  ['invalid Jinja', '{% for %}', 'syntax'],
  ['a raised exception', '{{ raise_exception("Only for poems.") }}', 'failure'],
]

function nested(times: number): string {
  return `{% set ns = namespace(l=[1]) %}{% for i in range(${times}) %}{% set ns.l = [ns.l, ns.l] %}{% endfor %}{{ ns.l | tojson | length }}`
}

const chosen = (...names: readonly string[]) => HOSTILE.filter(([name]) => names.includes(name))

describe('the template renderer', () => {
  let renderer: TemplateRenderer
  beforeAll(() => {
    renderer = new TemplateRenderer()
  })
  afterAll(() => renderer[Symbol.asyncDispose]())

  it.each(HOSTILE)('rejects %s and renders the next template', async (_, template, fault) => {
    await expect(renderer.render(template, { messages: [] })).rejects.toMatchObject({
      code: 'model-damaged',
      message: expect.stringMatching(
        /^The model's chat template .+\. Import the model again with another chat template, or use another model\.$/,
      ),
      details: { fault: expect.stringMatching(fault) },
    })
    expect(await renderer.render('{{ word | upper }}', { word: 'good' })).toBe('GOOD')
  })

  it('passes on the message of raise_exception', async () => {
    await expect(renderer.render('{{ raise_exception("Only for poems.") }}', {})).rejects.toThrow('Only for poems.')
  })

  it("renders a long conversation, and rejects one that no model's context holds", async () => {
    const longText = 'word '.repeat(500_000)
    expect(await renderer.render('{% for m in messages %}{{ m.content }}{% endfor %}', { messages: [{ content: longText }] })).toBe(
      longText,
    )
    const endless = { messages: [{ content: longText.repeat(2) }] }
    await expect(renderer.render('{{ messages }}', endless)).rejects.toMatchObject({ code: 'context-full' })
  })

  it('renders templates one after another', async () => {
    const all = Array.from({ length: 20 }, (_, i) => renderer.render('{{ i }}', { i }))
    const slow = renderer.render(loops(4), {}).catch((error: { details?: unknown }) => error.details)
    expect(await Promise.all(all)).toEqual(Array.from({ length: 20 }, (_, i) => String(i)))
    expect(await slow).toMatchObject({ fault: 'time' })
  })

  it('rejects a running template when it is disposed', async () => {
    const short = new TemplateRenderer()
    const rendered = short.render(loops(4), {})
    const refused = expect(rendered).rejects.toMatchObject({ code: 'internal' })
    await short[Symbol.asyncDispose]()
    await refused
    await expect(short.render('a', {})).rejects.toMatchObject({ code: 'internal' })
  })
})

describe('a model with a harmful template', () => {
  it.each(chosen('nested loops', 'a range of a billion', 'invalid Jinja'))('is not loaded: %s', async (_, template, fault) => {
    const loading = loadLanguage(tinyModel, { template, videoPad: prompts.videoPad, device: 'cpu', signal: never })
    await expect(loading).rejects.toMatchObject({ code: 'model-damaged', details: { fault: expect.stringMatching(fault) } })
  })

  it('rejects the question for which its template loops, and answers the next', async () => {
    const template = `${prompts.template}{% if 'poem' in messages[0]['content'][1]['text'] %}${loops(4)}{% endif %}`
    await using language = await loadLanguage(tinyModel, { template, videoPad: prompts.videoPad, device: 'cpu', signal: never })
    const ask = (text: string) =>
      language.prompt([{ role: 'user', content: [{ type: 'video' }, { type: 'text', text }] }], { addGenerationPrompt: true })
    await expect(ask('A poem?')).rejects.toMatchObject({ code: 'model-damaged', details: { fault: 'time' } })
    expect((await ask('A word?')).filter(({ kind }) => kind === 'clip')).toHaveLength(1)
  })
})

describe('an import', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tarsier-template-'))
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  it.each(chosen('nested loops', 'a template of many pages', 'a raised exception'))(
    'is rejected before it writes a file: %s',
    async (_, template, fault) => {
      await using copy = await CheckpointCopy.of('tied-heads-of-16')
      await writeFile(copy.path('chat_template.jinja'), `<|video_pad|>${template}`)
      const importing = importCheckpoint(copy.directory, {
        name: 'm',
        language: 'f16',
        vision: 'f16',
        home: folder,
        signal: never,
      })
      await expect(importing).rejects.toMatchObject({ code: 'model-damaged', details: { fault: expect.stringMatching(fault) } })
      await expect(rm(join(folder, 'models'))).rejects.toMatchObject({ code: 'ENOENT' })
    },
  )
})
