import { describe, expect, it, onTestFinished } from 'vitest'
import { type AnnotationLine, parseAnnotation, readAnnotations } from '../../../src/bench/annotations.ts'
import type { BrokenLine } from '../../../src/bench/json-lines.ts'
import { MAX_LINE_BYTES } from '../../../src/bench/line-splitter.ts'
import { clipsOf, clipThenText, type FrameChoice } from '../../../src/bench/sample.ts'
import { ScratchFolder } from '../../helpers/scratch-folder.ts'

const signal = new AbortController().signal

const described = {
  messages: [
    {
      role: 'user',
      content: [
        { type: 'video', text: null, reference: null, video: { video_file: '<placeholder>' } },
        { type: 'text', text: 'Describe the video in detail.', reference: null, video: null },
      ],
    },
    { role: 'assistant', content: [{ type: 'text', text: '', reference: 'A ball rolls away.', video: null }] },
  ],
  dataset: 'DREAM/garden',
  task: 'video/caption',
  idx: 4,
  vid: 12,
  extra_info: { events: ['A ball rolls away.'], n_shots: 1 },
}

const chosen = {
  ...described,
  messages: [
    { role: 'user', content: [described.messages[0]?.content[0], { type: 'text', text: 'Which colour?\n(A) Red.\n(B) Blue.' }] },
    {
      role: 'assistant',
      content: [
        { type: 'text', text: ' Answer: (' },
        { type: 'text', text: '', reference: 'B' },
      ],
    },
  ],
  dataset: 'TVBench/Colour',
  vid: 'colour/ball.avi',
  extra_info: undefined,
}

const asked = {
  idx: 0,
  dataset: 'MSVD-QA-val',
  text: {
    prompt: 'USER: <video> Answer briefly. Question: what rolls?\nASSISTANT:\nAnswer: In the video,',
    response: 'ball',
    question: 'what rolls?\n',
  },
  video_file: '<placeholder>',
  vid: 'ball_1_2',
}

/** A version 1 line with changed texts or fields. */
const v1 = (text: object, fields: object = {}) => ({ ...asked, ...fields, text: { ...asked.text, ...text } })
/** A version 2 line with a changed clip. */
const v2 = (video: object) => {
  const line = structuredClone(described)
  Object.assign(line.messages[0]?.content[0]?.video ?? {}, video)
  return line
}

async function read(files: Readonly<Record<string, string>>, name = '') {
  const scratch = await ScratchFolder.make()
  onTestFinished(() => scratch[Symbol.asyncDispose]())
  for (const [file, text] of Object.entries(files)) await scratch.write(file, text)
  const lines: (AnnotationLine | BrokenLine)[] = []
  for await (const line of readAnnotations(scratch.path(name), signal)) lines.push(line)
  const short = (line: AnnotationLine | BrokenLine) => `${line.file.slice(scratch.directory.length + 1)}:${line.line}`
  return {
    keys: lines.flatMap((line) => (line.kind === 'annotation' ? [line.sample.key] : [])),
    texts: lines.flatMap((line) => (line.kind === 'annotation' ? [line.text] : [])),
    broken: lines.flatMap((line) => (line.kind === 'broken' ? [`${short(line)}: ${line.reason.replaceAll(scratch.directory, '.')}`] : [])),
  }
}

describe('a version 2 line', () => {
  it('becomes a sample', () => {
    expect(parseAnnotation(described)).toEqual({
      answer: null,
      referenced: true,
      version: 2,
      sample: {
        key: 'DREAM/garden-4',
        dataset: 'DREAM/garden',
        task: 'video/caption',
        idx: 4,
        vid: 12,
        content: clipThenText('<placeholder>', 'Describe the video in detail.'),
        prompt: 'Describe the video in detail.',
        answerPrefix: '',
        reference: 'A ball rolls away.',
        question: null,
        extraInfo: { events: ['A ball rolls away.'], n_shots: 1 },
      },
    })
  })

  it('takes an assistant text without a reference as the answer prefix', () => {
    expect(parseAnnotation(chosen)).toMatchObject({
      sample: {
        answerPrefix: ' Answer: (',
        prompt: 'Which colour?\n(A) Red.\n(B) Blue.',
        reference: 'B',
        vid: 'colour/ball.avi',
        extraInfo: {},
      },
    })
  })

  it('keeps the answer that the Python program stored', () => {
    const line = structuredClone(chosen)
    Object.assign(line.messages[1]?.content[1] ?? {}, { text: 'A) Red.' })
    expect(parseAnnotation(line)).toMatchObject({ answer: 'A) Red.', sample: { answerPrefix: ' Answer: (', reference: 'B' } })
  })

  it.each([
    [
      { start_time: 2, end_time: 4.5 },
      { unit: 'seconds', rule: 'average-rate', start: 2, end: 4.5 },
    ],
    [
      { start_time: 0, end_time: 4.5, start_frame: 7 },
      { unit: 'seconds', rule: 'average-rate', end: 4.5 },
    ],
    [
      { start_frame: 3, end_frame: 9 },
      { unit: 'frames', start: 3, end: 10 },
    ],
  ])('asks %j about %j', (video, range) => {
    expect(framesOf(v2(video))).toEqual({ kind: 'range', range })
  })

  it('asks about the whole clip when one of the two times is missing, like upstream', () => {
    expect(parseAnnotation(v2({ start_time: 2, frame_indices: null }))).toMatchObject({ answer: null })
    expect(framesOf(v2({ start_time: 2, frame_indices: null }))).toBeUndefined()
  })

  it.each([
    [
      'another turn',
      { ...described, messages: [...described.messages, ...described.messages] },
      'the roles are: user, assistant, user, assistant',
    ],
    ['masks', v2({ mask_boxes: [[]] }), 'messages.0.content.0.video.mask_boxes: masks are not supported'],
    ['no file', v2({ video_file: null }), 'messages.0.content.0.video: video_file or image_file is missing'],
    ['pictures by time', v2({ video_file: ['1.jpg'], time_indices: [1] }), 'pictures cannot be selected by time'],
    ['too many frames', v2({ frame_indices: Array(257).fill(0) }), 'frame_indices'],
    ['no idx', { ...described, idx: undefined }, 'idx: must be a number or a string'],
  ])('with %s is rejected', (_, line, reason) => {
    expect(parseAnnotation(line)).toEqual({ reason: expect.stringContaining(reason) })
  })
})

/** The sampling of an annotation's first clip. */
function framesOf(line: unknown): FrameChoice | undefined {
  const parsed = parseAnnotation(line)
  if ('reason' in parsed) throw new Error(parsed.reason)
  return clipsOf(parsed.sample)[0]?.frames
}

describe('the clip forms of upstream’s readers', () => {
  const shown = (content: readonly object[]) => {
    const parsed = parseAnnotation({ ...described, messages: [{ role: 'user', content }, described.messages[1]] })
    return 'reason' in parsed ? parsed.reason : parsed.sample.content
  }

  it.each([
    [{ frame_indices: [4, 2, 9] }, { kind: 'indices', indices: [4, 2, 9] }],
    [
      { time_indices: [0.5, '2'], frame_indices: [1] },
      { kind: 'times', times: [0.5, 2] },
    ],
    [{ fps: 2 }, { kind: 'rate', rate: 2 }],
    [
      { fps: 2, start_frame: 5 },
      { kind: 'rate', rate: 2, range: { unit: 'frames', start: 5 } },
    ],
    [{ min_n_frames: '32' }, { kind: 'least', count: 32 }],
  ])('select frames by %j', (video, frames) => {
    expect(framesOf(v2(video))).toEqual(frames)
  })

  it('accept pictures as the frames of a video, in both versions', () => {
    const pictures = ['b/1.jpg', 'b/2.png']
    const content = clipThenText(pictures, 'What happens?')
    const text = { type: 'text', text: 'What happens?' }
    expect(shown([{ type: 'video', video: { video_file: pictures } }, text])).toEqual(content)
    expect(shown([{ type: 'video', video: { image_file: pictures } }, text])).toEqual(content)
    expect(shown([{ type: 'video', video: { image_file: pictures, frame_indices: [1] } }, text])).toEqual(
      clipThenText(pictures, 'What happens?', { kind: 'indices', indices: [1] }),
    )
    const first = parseAnnotation(v1({ prompt: 'USER: <video> What happens? ASSISTANT:' }, { video_file: [...pictures, 'b/notes.txt'] }))
    expect(first).toMatchObject({ sample: { content } })
  })

  it('accept a picture, and a frame of a video as one', () => {
    expect(shown([{ type: 'image', image: { image_file: 'a.png' } }])).toEqual([
      { kind: 'clip', clip: { file: 'a.png', frames: { kind: 'picture' } } },
    ])
    expect(shown([{ type: 'image', image: { video_file: 'a.mp4', frame_indices: 7 } }])).toEqual([
      { kind: 'clip', clip: { file: 'a.mp4', frames: { kind: 'indices', indices: [7] } } },
    ])
  })

  it('accept several clips and texts in order, and texts alone', () => {
    const video = (video_file: string) => ({ type: 'video', video: { video_file } })
    const text = (words: string) => ({ type: 'text', text: words })
    expect(shown([text('First '), video('a.mp4'), text(' then '), video('b.mp4'), text('?')])).toEqual([
      { kind: 'text', text: 'First ' },
      { kind: 'clip', clip: { file: 'a.mp4' } },
      { kind: 'text', text: ' then ' },
      { kind: 'clip', clip: { file: 'b.mp4' } },
      { kind: 'text', text: '?' },
    ])
    expect(shown([text('What is a cat?')])).toEqual([{ kind: 'text', text: 'What is a cat?' }])
    for (const video_file of ['', undefined, null])
      expect(parseAnnotation(v1({ prompt: 'USER: What is a cat? ASSISTANT:' }, { video_file }))).toMatchObject({
        sample: { content: [{ kind: 'text', text: 'What is a cat?' }] },
      })
  })
})

describe('numbers in strings', () => {
  it.each([
    [
      { start_time: '2', end_time: ' 4.5 ' },
      { kind: 'range', range: { unit: 'seconds', rule: 'average-rate', start: 2, end: 4.5 } },
    ],
    [
      { start_frame: '3', end_frame: '9' },
      { kind: 'range', range: { unit: 'frames', start: 3, end: 10 } },
    ],
    [{ fps: '0.5' }, { kind: 'rate', rate: 0.5 }],
    [{ frame_indices: ['4', 2] }, { kind: 'indices', indices: [4, 2] }],
    [{ time_indices: ['.5', '1e1'] }, { kind: 'times', times: [0.5, 10] }],
    [{ min_n_frames: '32' }, { kind: 'least', count: 32 }],
  ])('select frames by %j', (video, frames) => {
    expect(framesOf(v2(video))).toEqual(frames)
  })

  it('select a range in version 1, and are references', () => {
    const range = { unit: 'seconds', rule: 'average-rate', start: 1.5 }
    expect(framesOf(v1({}, { start_time: '1.5', end_time: '-1' }))).toEqual({ kind: 'range', range })
    expect(parseAnnotation(v1({ response: [2, 'two'] }))).toMatchObject({ sample: { reference: ['2', 'two'] } })
  })

  it.each(['', 'soon', '1:30', '0x10', 'NaN', true, {}])('are not %j', (value) => {
    for (const field of ['start_time', 'start_frame', 'fps', 'min_n_frames'])
      expect(parseAnnotation(v2({ [field]: value }))).toEqual({ reason: expect.stringContaining(`video.${field}: `) as string })
    for (const field of ['frame_indices', 'time_indices']) expect(parseAnnotation(v2({ [field]: [value] }))).toHaveProperty('reason')
  })

  it('are whole for frames', () => {
    expect(parseAnnotation(v2({ frame_indices: ['1.5'] }))).toHaveProperty('reason')
    expect(parseAnnotation(v2({ time_indices: [null] }))).toHaveProperty('reason')
  })
})

describe('a line without a reference', () => {
  const without = { ...described, messages: [described.messages[0], { role: 'assistant', content: [] }] }

  it('becomes a sample that cannot be scored and that no benchmark accepts', async () => {
    expect(parseAnnotation(without)).toMatchObject({ referenced: false, sample: { reference: '' } })
    expect(parseAnnotation(v1({ response: undefined }))).toMatchObject({ referenced: false, sample: { reference: '' } })
    const { keys, broken } = await read({ 'a.jsonl': `${JSON.stringify(without)}\n${JSON.stringify(asked)}` }, 'a.jsonl')
    expect({ keys, broken }).toEqual({ keys: ['MSVD-QA-val-0'], broken: ['a.jsonl:1: the reference is missing'] })
  })

  it.each([[''], [' \n'], [[]], [['', ' ']]])('is also one with the reference %j', (reference) => {
    const answered = { role: 'assistant', content: [{ type: 'text', text: 'A ball.', reference }] }
    expect(parseAnnotation({ ...described, messages: [described.messages[0], answered] })).toMatchObject({
      referenced: false,
      answer: 'A ball.',
    })
    expect(parseAnnotation(v1({ response: reference }))).toMatchObject({ referenced: false })
  })
})

describe('a version 1 line', () => {
  it('becomes a sample', () => {
    expect(parseAnnotation(asked)).toEqual({
      answer: null,
      referenced: true,
      version: 1,
      sample: {
        key: 'MSVD-QA-val-0',
        dataset: 'MSVD-QA-val',
        task: '',
        idx: 0,
        vid: 'ball_1_2',
        content: clipThenText('<placeholder>', 'Answer briefly. Question: what rolls?'),
        prompt: 'Answer briefly. Question: what rolls?',
        answerPrefix: '\nAnswer: In the video,',
        reference: 'ball',
        question: 'what rolls?',
        extraInfo: {},
      },
    })
  })

  it.each([
    ['USER: <video>\nWhich?\n(A) Red.\nASSISTANT: Answer: (', 'Which?\n(A) Red.', ' Answer: ('],
    ['<video> Describe it. ', 'Describe it.', ''],
    ['USER: <image> What is ASSISTANT: for? ASSISTANT: ', 'What is ASSISTANT: for?', ''],
    ['Look at <video> and say what you see.', 'Look at and say what you see.', ''],
    ['Which USER: is it?', 'Which USER: is it?', ''],
  ])('%j asks %j with answer prefix %j', (prompt, user, answerPrefix) => {
    expect(parseAnnotation(v1({ prompt }))).toMatchObject({ sample: { prompt: user, answerPrefix } })
  })

  it('accepts several references, a number as reference, and a stored answer', () => {
    expect(parseAnnotation(v1({ response: ['a ball', 'it rolls'] }))).toMatchObject({ sample: { reference: ['a ball', 'it rolls'] } })
    expect(parseAnnotation(v1({ response: 2, prediction: '<error>' }))).toMatchObject({ answer: '<error>', sample: { reference: '2' } })
  })

  it('asks about the range of its times', () => {
    const range = { unit: 'seconds', rule: 'average-rate', start: 1.5 }
    expect(framesOf(v1({}, { start_time: 1.5, end_time: -1 }))).toEqual({ kind: 'range', range })
    expect(framesOf(v1({}, { start_time: 0, end_time: -1 }))).toBeUndefined()
  })

  it.each([
    [v1({ prompt: '<video> or <video>?' }), 'text.prompt: it contains more than one clip'],
    [v1({}, { video_file: ['1.mp4'] }), 'text.prompt: none of the files of its clip is a picture'],
    [v1({}, { video_file: undefined }), 'text.prompt: it contains a clip, but no video_file'],
    [v1({}, { video_file: [] }), 'video_file: '],
    [v1({ response: {} }, { idx: null }), /idx: .*; text\.response: must be a string, a number or a list of strings/],
    [{ idx: 1 }, /^"messages" .* or "text" .* is missing/],
    [[asked], 'not an object'],
    [null, 'not an object'],
  ])('%# is rejected', (line, reason) => {
    expect(parseAnnotation(line)).toEqual({ reason: expect.stringMatching(reason) })
  })
})

describe('an annotation file', () => {
  it('is read past broken lines, each of which is reported with a reason', async () => {
    const lines = [
      `\ufeff${JSON.stringify(asked)}\r`,
      '{"idx": 1,',
      '',
      JSON.stringify(asked),
      JSON.stringify({ ...asked, idx: '0' }),
      JSON.stringify(described),
      '{}',
      JSON.stringify({ ...asked, idx: 9 }),
    ]
    const { keys, broken } = await read({ 'a.jsonl': lines.join('\n') }, 'a.jsonl')
    expect(keys).toEqual(['MSVD-QA-val-0', 'DREAM/garden-4', 'MSVD-QA-val-9'])
    expect(broken).toEqual([
      expect.stringMatching(/^a\.jsonl:2: not JSON: /),
      'a.jsonl:4: "MSVD-QA-val-0" occurs twice, first at ./a.jsonl:1; this line is skipped',
      'a.jsonl:5: "MSVD-QA-val-0" occurs twice, first at ./a.jsonl:1; this line is skipped',
      'a.jsonl:7: "messages" (version 2) or "text" (version 1) is missing',
    ])
  })

  it('may contain a line that is too long or no text', async () => {
    const long = `"${'x'.repeat(MAX_LINE_BYTES)}"`
    const scratch = await ScratchFolder.make()
    onTestFinished(() => scratch[Symbol.asyncDispose]())
    const path = await scratch.write(
      'a.jsonl',
      Buffer.concat([Buffer.from(`${long}\n`), Buffer.of(0x22, 0xff, 0x22, 0x0a), Buffer.from(JSON.stringify(asked))]),
    )
    const lines = []
    for await (const line of readAnnotations(path, signal)) lines.push(line)
    expect(lines).toMatchObject([
      { line: 1, reason: 'longer than 16 MiB' },
      { line: 2, reason: 'not UTF-8 text' },
      { line: 3, kind: 'annotation' },
    ])
  })

  it('may be one of several in a folder with keys counted across files', async () => {
    const files = { 'b.jsonl': JSON.stringify(asked), 'a.jsonl': JSON.stringify(asked), 'c.json': '[]', '.d.jsonl': 'x' }
    const { keys, broken } = await read(files)
    expect(keys).toHaveLength(1)
    expect(broken).toEqual(['b.jsonl:1: "MSVD-QA-val-0" occurs twice, first at ./a.jsonl:1; this line is skipped'])
  })

  it('preserves each line verbatim', async () => {
    const text = JSON.stringify(asked).replace('"idx":0', '"idx" : 0.0, "score": 1e400')
    expect(await read({ 'a.jsonl': `  ${text} \n` }, 'a.jsonl')).toMatchObject({ texts: [text], broken: [] })
  })

  it('must exist', async () => {
    await expect(read({}, 'none.jsonl')).rejects.toMatchObject({ code: 'file-missing' })
    await expect(read({ 'a.txt': '' })).rejects.toMatchObject({ code: 'nothing-found' })
  })
})
