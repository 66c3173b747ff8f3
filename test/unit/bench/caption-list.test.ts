import { describe, expect, it } from 'vitest'
import { type CaptionLine, readCaptionList } from '../../../src/bench/caption-list.ts'
import type { BrokenLine } from '../../../src/bench/json-lines.ts'
import { clipsOf, type Sample } from '../../../src/bench/sample.ts'
import { ScratchFolder } from '../../helpers/scratch-folder.ts'

const signal = new AbortController().signal

const annotation = {
  messages: [
    {
      role: 'user',
      content: [
        { type: 'video', video: { video_file: '<placeholder>' } },
        { type: 'text', text: 'What happens?' },
      ],
    },
    {
      role: 'assistant',
      content: [
        { type: 'text', text: ' In short:' },
        { type: 'text', text: '', reference: 'A ball rolls.' },
      ],
    },
  ],
  dataset: 'DREAM/garden',
  idx: 4,
  vid: 12,
}
const annotationV1 = {
  idx: 5,
  dataset: 'MSVD',
  video_file: 'b.avi',
  text: { prompt: 'USER: <video> Say it. ASSISTANT:', response: 'A cat.' },
}

async function read(name: string, lines: readonly unknown[], prompt: string | null = null): Promise<(CaptionLine | BrokenLine)[]> {
  await using scratch = await ScratchFolder.make()
  const text = lines.map((line) => `${name.endsWith('.txt') ? line : JSON.stringify(line)}\n`).join('')
  const path = await scratch.write(name, text)
  const all: (CaptionLine | BrokenLine)[] = []
  for await (const line of readCaptionList(path, prompt, () => 'Describe it.', signal)) all.push(line)
  return all
}

function samplesOf(lines: readonly (CaptionLine | BrokenLine)[]): Sample[] {
  return lines.flatMap((line) => (line.kind === 'caption' ? [line.sample] : []))
}

const fileOf = (sample: Sample) => clipsOf(sample)[0]?.file

describe('a list of clips', () => {
  it('accepts one path per line and ignores surrounding blanks and empty lines', async () => {
    const samples = samplesOf(await read('list.txt', ['a.mp4', '', '  my clips/b.mov\r']))
    expect(samples.map(fileOf)).toEqual(['a.mp4', 'my clips/b.mov'])
    expect(samples[1]).toMatchObject({ key: 'captions-my clips/b.mov', dataset: 'captions', idx: 'my clips/b.mov', prompt: 'Describe it.' })
  })

  it('accepts annotations without reference, assistant message or number', async () => {
    const text = { prompt: '<video>\nDescribe the video in detail.' }
    const [user] = annotation.messages
    const prefixMessage = { role: 'assistant', content: [{ type: 'text', text: 'In short,' }] }
    const samples = samplesOf(
      await read('list.jsonl', [
        { idx: 1, dataset: 'caption-test', text, video_file: 'a.mp4', vid: 1 },
        { dataset: 'caption-test', idx: 2, messages: [user] },
        { dataset: 'caption-test', idx: 3, messages: [user, { role: 'assistant', content: [] }] },
        { dataset: 'caption-test', idx: 4, messages: [user, prefixMessage] },
        { text, video_file: 'b.mp4' },
        { text: { prompt: '<video> Say it.' }, video_file: 'b.mp4' },
      ]),
    )
    expect(samples.map(({ key, prompt, answerPrefix, reference }) => [key, prompt, answerPrefix, reference])).toEqual([
      ['caption-test-1', 'Describe the video in detail.', '', ''],
      ['caption-test-2', 'What happens?', '', ''],
      ['caption-test-3', 'What happens?', '', ''],
      ['caption-test-4', 'What happens?', 'In short,', ''],
      ['captions-b.mp4: Describe the video in detail.', 'Describe the video in detail.', '', ''],
      ['captions-b.mp4: Say it.', 'Say it.', '', ''],
    ])
  })

  it('accepts JSON lines of paths, of clips with requests, and of annotations of both versions', async () => {
    const samples = samplesOf(await read('list.jsonl', ['a.mp4', { video: 'a.mp4', prompt: 'Where?' }, annotation, annotationV1]))
    expect(samples.map(({ key, prompt, answerPrefix }) => [key, prompt, answerPrefix])).toEqual([
      ['captions-a.mp4', 'Describe it.', ''],
      ['captions-a.mp4: Where?', 'Where?', ''],
      ['DREAM/garden-4', 'What happens?', ' In short:'],
      ['MSVD-5', 'Say it.', ''],
    ])
    expect(samples.map(fileOf)).toEqual(['a.mp4', 'a.mp4', '<placeholder>', 'b.avi'])
  })

  it('accepts JSON lines of clips that have a text beside them', async () => {
    const lines = [
      { video: 'a.mp4', text: 'An older caption.' },
      { video: 'b.mp4', text: null, prompt: 'Where?', seconds: 3 },
    ]
    expect(samplesOf(await read('list.jsonl', lines)).map(({ key }) => key)).toEqual(['captions-a.mp4', 'captions-b.mp4: Where?'])
  })

  it('accepts a JSON array of such lines', async () => {
    await using scratch = await ScratchFolder.make()
    const path = await scratch.write('list.json', JSON.stringify(['a.mp4', { video: 'b.mp4' }, annotation], null, 2))
    const keys: string[] = []
    for await (const line of readCaptionList(path, null, () => 'Describe it.', signal))
      keys.push(line.kind === 'caption' ? line.sample.key : line.reason)
    expect(keys).toEqual(['captions-a.mp4', 'captions-b.mp4', 'DREAM/garden-4'])
  })

  it('uses a given question for all clips', async () => {
    const samples = samplesOf(await read('list.jsonl', ['a.mp4', { video: 'b.mp4', prompt: 'Where?' }, annotation], 'Who?'))
    expect(samples.map(({ prompt, answerPrefix }) => [prompt, answerPrefix])).toEqual([
      ['Who?', ''],
      ['Who?', ''],
      ['Who?', ''],
    ])
  })

  it('continues after unusable lines and reports their positions', async () => {
    const lines = await read('list.jsonl', [
      7,
      { path: 'a.mp4' },
      { video: '' },
      { ...annotation, messages: [] },
      'a.mp4',
      'b.mp4',
      'a.mp4',
    ])
    expect(samplesOf(lines).map(fileOf)).toEqual(['a.mp4', 'b.mp4'])
    const broken = lines.flatMap((line) => (line.kind === 'broken' ? [line] : []))
    expect(broken.map(({ line }) => line)).toEqual([1, 2, 3, 4, 7])
    expect(broken[0]?.reason).toBe('must be a path, {"video": path} or an annotation')
    expect(broken[4]?.reason).toContain('first in line 5')
  })

  it('is rejected with file-missing if it does not exist', async () => {
    const nothing = readCaptionList('/nowhere/list.txt', null, () => 'Describe it.', signal)
    await expect(nothing.next()).rejects.toHaveProperty('code', 'file-missing')
  })
})
