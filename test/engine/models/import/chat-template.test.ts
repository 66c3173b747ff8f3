import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readTemplateFile } from '../../../../src/engine/checkpoint/chat-template.ts'
import { importCheckpoint } from '../../../../src/engine/models/import/import-checkpoint.ts'
import { readManifest } from '../../../../src/engine/models/manifest.ts'
import { CheckpointCopy, type CheckpointName } from '../../../helpers/checkpoint-folder.ts'
import { ScratchFolder } from '../../../helpers/scratch-folder.ts'

const never = new AbortController().signal
let scratch: ScratchFolder
beforeEach(async () => {
  scratch = await ScratchFolder.make()
})
afterEach(() => scratch[Symbol.asyncDispose]())

/** A template that renders clips as `pad`, and texts. */
const templateWith = (pad: string) =>
  `{% for message in messages %}[{{ message['role'] }}]{% for part in message['content'] %}{% if part['type'] == 'video' %}${pad}{% else %}{{ part['text'] }}{% endif %}{% endfor %}{% endfor %}`

/** A checkpoint without a template. */
async function bare(name: CheckpointName): Promise<CheckpointCopy> {
  const copy = await CheckpointCopy.of(name)
  await copy.json('tokenizer_config.json', (settings) => {
    delete settings.chat_template
  })
  return copy
}

const importOf = (copy: CheckpointCopy, template?: string) =>
  importCheckpoint(copy.directory, { name: 'given', language: 'f32', vision: 'f32', home: scratch.path('home'), signal: never, template })

test('rejects a checkpoint without a template, and imports it with a given one', async () => {
  await using copy = await bare('tied-heads-of-16')
  await expect(importOf(copy)).rejects.toMatchObject({ code: 'model-damaged', remedy: 'give-template' })
  const template = templateWith('<|video_pad|>')
  const path = await importOf(copy, template)
  const manifest = await readManifest(path)
  expect(manifest.prompt.template).toBe(template)
  expect((await readFile(join(path, manifest.language.file))).includes(template)).toBe(true)
})

test("a given template replaces the checkpoint's, also for Tarsier 1", async () => {
  await using qwen = await CheckpointCopy.of('tied-heads-of-16')
  const template = templateWith('<|vision_start|><|video_pad|><|vision_end|>')
  expect((await readManifest(await importOf(qwen, template))).prompt.template).toBe(template)
  await using llava = await CheckpointCopy.of('tarsier-heads-of-16')
  const options = { name: 'llava', language: 'f32', vision: 'f32', home: scratch.path('home'), signal: never } as const
  const folder = await importCheckpoint(llava.directory, { ...options, template: templateWith('<image>') })
  expect((await readManifest(folder)).prompt.template).toBe(templateWith('<image>'))
})

test('rejects a given template that renders no clip', async () => {
  await using copy = await bare('tied-heads-of-16')
  await expect(importOf(copy, templateWith('<clip>'))).rejects.toMatchObject({
    code: 'model-unsupported',
    message: expect.stringContaining('no placeholder for a clip'),
    remedy: 'give-template',
  })
})

test('rejects a file that is no template', async () => {
  await writeFile(scratch.path('binary.jinja'), Uint8Array.of(0xff, 0xfe, 0x80))
  await writeFile(scratch.path('empty.jinja'), ' \n')
  await writeFile(scratch.path('good.jinja'), 'é')
  await expect(readTemplateFile(scratch.path('binary.jinja'))).rejects.toMatchObject({ code: 'model-damaged' })
  await expect(readTemplateFile(scratch.path('empty.jinja'))).rejects.toMatchObject({ code: 'model-damaged' })
  await expect(readTemplateFile(scratch.path('none.jinja'))).rejects.toMatchObject({ code: 'file-missing' })
  await expect(readTemplateFile(scratch.directory)).rejects.toMatchObject({ code: 'file-missing' })
  expect(await readTemplateFile(scratch.path('good.jinja'))).toBe('é')
})
