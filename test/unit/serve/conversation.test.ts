import { expect, test } from 'vitest'
import { framesFor, readConversation } from '../../../src/serve/openai/conversation.ts'
import { RequestMedia } from '../../../src/serve/openai/media.ts'
import { chatRequestSchema } from '../../../src/serve/openai/request.ts'

const never = new AbortController().signal
const manifest = { sampler: { kind: 'uniform', frames: 8 } } as const
const media = new RequestMedia('/nowhere', { allowRemote: [], maxBytes: 1 })
const noProbe = () => Promise.reject(new Error('nothing is to be opened'))

const read = (messages: unknown[], more: object = {}) =>
  readConversation(chatRequestSchema.parse({ model: 'demo', messages, ...more }), { media, manifest, probe: noProbe }, never)

test('messages become turns: questions with their answers, the last one open, system texts before the first', async () => {
  const asked = await read([
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: 'One' },
    { role: 'user', content: [{ type: 'text', text: 'and more' }] },
    { role: 'assistant', content: 'First' },
    { role: 'user', content: 'Two' },
  ])
  expect(asked).toMatchObject({ history: [{ text: 'Be brief.\n\nOne\nand more', answer: 'First' }], text: 'Two', clip: undefined })
  const longer = await read([
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: 'One\nand more' },
  ])
  expect(longer.text).toBe('Be brief.\n\nOne\nand more')
  expect(longer.key).toBe(asked.key)
  expect((await read([{ role: 'user', content: 'Other' }])).key).not.toBe(asked.key)
})

test('an answer may be begun by the client, when it says so', async () => {
  const messages = [
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: 'Which?' },
    { role: 'assistant', content: 'Best option:(' },
  ]
  const asked = await read(messages, { continue_final_message: true, add_generation_prompt: false })
  expect(asked).toMatchObject({ history: [], text: 'Be brief.\n\nWhich?', begun: 'Best option:(' })
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
  [[{ role: 'user', content: '' }]],
  [[{ role: 'system', content: 'x' }]],
  [
    [
      { role: 'user', content: 'x' },
      { role: 'assistant', content: 'y' },
      { role: 'assistant', content: 'z' },
      { role: 'user', content: 'x' },
    ],
  ],
])('refuses %j', async (messages) => {
  await expect(read(messages)).rejects.toMatchObject({ code: 'usage', details: { param: 'messages' } })
})

test.each([
  ['file:///etc/passwd', 'not-allowed'],
  ['/etc/passwd', 'not-allowed'],
  ['http://169.254.169.254/latest', 'not-allowed'],
  ['data:video/mp4,plain', 'usage'],
  ['data:video/mp4;base64,AAAAAAAA', 'upload-too-large'],
])('opens no %s', async (url, code) => {
  await expect(read([{ role: 'user', content: [{ type: 'video_url', video_url: { url } }] }])).rejects.toMatchObject({ code })
})

const ten = () => Promise.resolve({ duration: 10 } as Awaited<ReturnType<Parameters<typeof framesFor>[2]['probe']>>)

test.each([
  [{}, { kind: 'uniform', count: 8 }],
  [{ num_frames: 3 }, { kind: 'uniform', count: 3 }],
  [{ max_frames: 4 }, { kind: 'uniform', count: 4 }],
  [{ fps: 2 }, { kind: 'uniform', count: 20 }],
  [
    { fps: 2, max_frames: 16 },
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
])('%j of ten seconds', async (wishes, frames) => {
  expect(await framesFor('clip.mp4', wishes, { manifest, probe: ten }, never)).toEqual(frames)
})

test('pictures sent as frames are all used', async () => {
  expect(await framesFor('x.frames', {}, { manifest, probe: ten }, never)).toEqual({ kind: 'uniform', count: 10 })
  expect(await framesFor('x.frames', { num_frames: 4 }, { manifest, probe: ten }, never)).toEqual({ kind: 'uniform', count: 4 })
})
