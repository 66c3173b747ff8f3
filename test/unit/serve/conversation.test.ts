import { expect, test } from 'vitest'
import type { MediaInfo } from '../../../src/engine/media/types.ts'
import { framesFor, readConversation } from '../../../src/serve/openai/conversation.ts'
import { RequestMedia } from '../../../src/serve/openai/media.ts'
import { chatRequestSchema } from '../../../src/serve/openai/request.ts'
import { UploadFolder } from '../../../src/serve/openai/upload-folder.ts'

const never = new AbortController().signal
const manifest = {
  sampler: { kind: 'uniform', frames: 8, repeats: false },
  prompt: { template: '', videoPad: '<pad>', describe: 'Tell.' },
} as const
const media = new RequestMedia(new UploadFolder('/nowhere'), { allowRemote: [], maxBytes: 1 })
const noProbe = () => Promise.reject(new Error('nothing is to be opened'))

const read = (messages: unknown[], more: object = {}) =>
  readConversation(chatRequestSchema.parse({ model: 'demo', messages, ...more }), { media, manifest, probe: noProbe }, never)

const text = (words: string) => ({ kind: 'text', text: words })

test('keeps messages and their parts in order', async () => {
  const asked = await read([
    { role: 'developer', content: 'Be brief.' },
    { role: 'user', content: 'One' },
    {
      role: 'user',
      content: [
        { type: 'text', text: 'and ' },
        { type: 'input_text', text: 'more' },
      ],
    },
    { role: 'assistant', content: 'First' },
    { role: 'system', content: 'Be long.' },
    { role: 'user', content: 'Two' },
  ])
  expect(asked.messages).toEqual([
    { role: 'system', content: [text('Be brief.')] },
    { role: 'user', content: [text('One')] },
    { role: 'user', content: [text('and '), text('more')] },
    { role: 'assistant', content: [text('First')] },
    { role: 'system', content: [text('Be long.')] },
    { role: 'user', content: [text('Two')] },
  ])
  const other = await read([
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: 'One' },
  ])
  expect(other.key).toBe(asked.key)
  expect((await read([{ role: 'user', content: 'One' }])).key).not.toBe(asked.key)
})

test('keeps any number of videos and pictures in place', async () => {
  const files = { fileOf: (url: string) => Promise.resolve(`/media/${url}`), bytesOf: () => Promise.resolve('/media/bytes') }
  const picture = (url: string) => ({ type: 'image_url', image_url: { url } })
  const content = [
    { type: 'text', text: 'Compare' },
    picture('a.png'),
    { type: 'text', text: 'with' },
    picture('b.png'),
    { type: 'video_url', video_url: { url: 'c.mp4' } },
    { type: 'input_video', input_video: { data: 'AAAA' } },
  ]
  const request = chatRequestSchema.parse({ model: 'demo', messages: [{ role: 'user', content }], mm_processor_kwargs: { max_pixels: 99 } })
  const { messages } = await readConversation(request, { media: files, manifest, probe: noProbe }, never)
  const clip = (path: string) => ({ kind: 'clip', clip: { path: `/media/${path}`, frames: { kind: 'uniform', count: 8 }, maxPixels: 99 } })
  expect(messages).toEqual([
    { role: 'user', content: [text('Compare'), clip('a.png'), text('with'), clip('b.png'), clip('c.mp4'), clip('bytes')] },
  ])
  // Another question about the same clips reuses their rows.
  const more = chatRequestSchema.parse({
    model: 'demo',
    messages: [{ role: 'user', content: [...content, { type: 'text', text: 'Why?' }] }],
    mm_processor_kwargs: { max_pixels: 99 },
  })
  const parts = { media: files, manifest, probe: noProbe }
  expect((await readConversation(more, parts, never)).key).toBe((await readConversation(request, parts, never)).key)
  const silent = async (kind: 'image' | 'video') => {
    const request = chatRequestSchema.parse({ model: 'demo', messages: [{ role: 'user', content: [picture('a.png')] }] })
    const prompt = { ...manifest.prompt, describePicture: 'Tell the picture.' }
    const probe = () => Promise.resolve({ kind } as MediaInfo)
    const asked = await readConversation(request, { media: files, manifest: { ...manifest, prompt }, probe }, never)
    return asked.messages[0]?.content.at(-1)
  }
  expect(await silent('image')).toEqual(text('Tell the picture.'))
  expect(await silent('video')).toEqual(text('Tell.'))
})

test('accepts an answer prefix only if the request says so', async () => {
  const messages = [
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: 'Which?' },
    { role: 'assistant', content: 'Best option:(' },
  ]
  const asked = await read(messages, { continue_final_message: true, add_generation_prompt: false })
  expect(asked.messages.map(({ role }) => role)).toEqual(['system', 'user'])
  expect(asked.answerPrefix).toBe('Best option:(')
  expect(asked.key).toBe((await read(messages.slice(0, 2))).key)
  await expect(read(messages)).rejects.toThrow('continue_final_message')
  await expect(read(messages.slice(0, 2), { continue_final_message: true })).rejects.toMatchObject({ code: 'usage' })
})

test.each([
  [[{ role: 'assistant', content: 'x' }]],
  [
    [
      { role: 'user', content: 'x' },
      { role: 'assistant', content: 'y' },
    ],
  ],
  [[{ role: 'system', content: 'x' }]],
])('rejects %j', async (messages) => {
  await expect(read(messages)).rejects.toMatchObject({ code: 'usage', details: { param: 'messages' } })
})

test('names an empty message', async () => {
  const messages = [
    { role: 'system', content: 'x' },
    { role: 'user', content: '' },
  ]
  await expect(read(messages)).rejects.toMatchObject({ code: 'usage', details: { param: 'messages.1' } })
})

test('a conversation may start with an assistant, and tool messages stay in place', async () => {
  const asked = await read([
    { role: 'assistant', content: 'Hello.' },
    { role: 'user', content: 'Look it up.' },
    { role: 'assistant', content: null, tool_calls: [{ id: 'a', type: 'function', function: { name: 'look', arguments: '{"at":1}' } }] },
    { role: 'tool', tool_call_id: 'a', content: 'A circle.' },
  ])
  expect(asked.messages).toEqual([
    { role: 'assistant', content: [text('Hello.')] },
    { role: 'user', content: [text('Look it up.')] },
    { role: 'assistant', content: [text('<tool_call>\n{"name": "look", "arguments": {"at":1}}\n</tool_call>')] },
    { role: 'user', content: [text('<tool_response>\n'), text('A circle.'), text('\n</tool_response>')] },
  ])
})

test.each([
  ['file:///etc/passwd', 'not-allowed'],
  ['/etc/passwd', 'not-allowed'],
  ['http://169.254.169.254/latest', 'not-allowed'],
  ['data:video/mp4,plain', 'usage'],
  ['data:video/mp4;base64,AAAAAAAA', 'upload-too-large'],
  ['data:video/mp4;base64,!', 'usage'],
  ['http://', 'usage'],
  [`data:video/jpeg;base64,${'AA,'.repeat(5000)}`, 'usage'],
])('does not open %s', async (url, code) => {
  const content = [
    { type: 'text', text: 'What?' },
    { type: 'video_url', video_url: { url } },
  ]
  const param = 'messages.0.content.1'
  await expect(read([{ role: 'user', content }])).rejects.toMatchObject({
    code,
    message: expect.stringContaining(param),
    details: { param },
  })
})

const ten = () => Promise.resolve({ duration: 10, frameCount: 250 } as Awaited<ReturnType<Parameters<typeof framesFor>[2]['probe']>>)

test.each([
  [{}, { kind: 'uniform', count: 8 }],
  [{ frames: 3 }, { kind: 'uniform', count: 3 }],
  [{ frames: 1000 }, { kind: 'uniform', count: 256 }],
  [{ frames: -1 }, { kind: 'uniform', count: 250 }],
  [
    { frames: -1, start: 8 },
    { kind: 'uniform', count: 50, range: { unit: 'seconds', start: 8 } },
  ],
  [{ maxFrames: 4 }, { kind: 'uniform', count: 4 }],
  [{ fps: 2 }, { kind: 'uniform', count: 20 }],
  [
    { fps: 2, maxFrames: 16 },
    { kind: 'uniform', count: 16 },
  ],
  [
    { fps: 2, start: 4, end: 6 },
    { kind: 'uniform', count: 4, range: { unit: 'seconds', start: 4, end: 6 } },
  ],
  [
    { fps: 2, start: 8 },
    { kind: 'uniform', count: 4, range: { unit: 'seconds', start: 8 } },
  ],
  [{ fps: 0.01 }, { kind: 'uniform', count: 1 }],
  [{ fps: 1000 }, { kind: 'uniform', count: 256 }],
])('%j of ten seconds', async (requestFields, frames) => {
  expect(await framesFor('clip.mp4', requestFields, { manifest, probe: ten }, never)).toEqual(frames)
})

test('uses all pictures that are sent as frames', async () => {
  expect(await framesFor('x.frames', {}, { manifest, probe: ten }, never)).toEqual({ kind: 'uniform', count: 250 })
  expect(await framesFor('x.frames', { frames: 4 }, { manifest, probe: ten }, never)).toEqual({ kind: 'uniform', count: 4 })
  const part = { unit: 'frames', start: 4, end: 10 }
  expect(await framesFor('x.frames', { fps: 2, start: 2, end: 5 }, { manifest, probe: ten }, never)).toEqual({
    kind: 'uniform',
    count: 6,
    range: part,
  })
})
