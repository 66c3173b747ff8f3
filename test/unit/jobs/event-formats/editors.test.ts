import { describe, expect, test } from 'vitest'
import { formatEvents } from '../../../../src/jobs/event-formats/format-events.ts'
import { check, event, hardTexts, rates, sampleClip, timeOf } from '../../../helpers/clip-events.ts'

const FRAMES = [0, 1, 1799, 1800, 1801, 17_982, 35_964, 107_891]

interface Marker {
  /** Frame of the clip, from 0. */
  readonly frame: number
  readonly length: number | null
  readonly text: string
}

/** Number of the frame with a timecode, from 00:00:00:00; drop-frame timecode has a semicolon. */
function frameNumber(timecode: string, base: number): number {
  const [, hours, minutes, seconds, mark, frames] = /^(\d\d):(\d\d):(\d\d)([:;])(\d\d)$/.exec(timecode) ?? []
  const all = Number(hours) * 60 + Number(minutes)
  const counted = (all * 60 + Number(seconds)) * base + Number(frames)
  return mark === ';' ? counted - (base / 15) * (all - Math.floor(all / 10)) : counted
}

function readEdl(text: string, base: number, startFrame: number): Marker[] {
  const lines = text.split('\r\n')
  check(!lines.join('').includes('\n'), 'A line ends without carriage return')
  expect(lines.shift()).toMatch(/^TITLE: \S/)
  expect(lines.shift()).toMatch(/^FCM: (NON-)?DROP FRAME$/)
  expect(lines.pop()).toBe('')
  while (lines.at(-1)?.startsWith('* ')) lines.pop()
  expect(lines.pop()).toBe('')
  const markers: Marker[] = []
  for (let i = 0; i < lines.length; i += 3) {
    const [empty, edit = '', marker = ''] = lines.slice(i, i + 3)
    check(empty === '', `No empty line before ${edit}`)
    const [, number, ...times] = /^(\d{3,}) {2}001 {6}V {5}C {8}(\S{11}) (\S{11}) (\S{11}) (\S{11}) {2}$/.exec(edit) ?? []
    check(Number(number) === markers.length + 1, `Not the next number: ${edit}`)
    const [source = -1, sourceEnd, record, recordEnd] = times.map((time) => frameNumber(time, base))
    check(sourceEnd === source + 1 && record === source && recordEnd === source + 1, `Not one frame: ${edit}`)
    const [, name = '', length] = /^ \|C:ResolveColorBlue \|M:([^|]*) \|D:([1-9]\d*)$/.exec(marker) ?? []
    markers.push({ frame: source - startFrame, length: Number(length), text: name })
  }
  return markers
}

/** Frame of an exact time such as 1001/30000s; fails if it lies between frames. */
function frameOf(time: string, { numerator, denominator }: { readonly numerator: number; readonly denominator: number }): number {
  const [, above = '', below = '1'] = /^(\d+)(?:\/(\d+))?s$/.exec(time) ?? []
  const dividend = BigInt(above) * BigInt(numerator)
  const divisor = BigInt(below) * BigInt(denominator)
  expect(dividend % divisor).toBe(0n)
  return Number(dividend / divisor)
}

const attribute = (tag: string, name: string) => new RegExp(` ${name}="([^"]*)"`).exec(tag)?.[1] ?? ''
const inner = (xml: string, name: string) => new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1] ?? ''

describe.each(rates)('at $numerator/$denominator', (rate) => {
  const starts = ['00:00:00:00', '01:00:00:10', ...(rate.dropped > 0 ? ['00:00:00;00', '01:00:00;10'] : [])]
  const events = FRAMES.map((frame, i) => event(timeOf(rate, frame), i % 2 === 0 ? null : timeOf(rate, frame + 1 + i), `event ${i}`))
  const expected: Marker[] = FRAMES.map((frame, i) => ({ frame, length: i % 2 === 0 ? null : 1 + i, text: `event ${i}` }))

  test.each(starts)('markers are on their frames if the clip starts at %s', (startTimecode) => {
    const clip = sampleClip({
      frameRate: { numerator: rate.numerator, denominator: rate.denominator },
      duration: 6 * 3600,
      startTimecode,
      events,
      chapters: [{ start: timeOf(rate, 1800), title: 'Chapter' }],
    })
    const isDrop = startTimecode.includes(';')
    const startFrame = frameNumber(startTimecode, rate.base)

    const edl = formatEvents(clip, 'edl')
    expect(edl).toContain(isDrop ? 'FCM: DROP FRAME' : 'FCM: NON-DROP FRAME')
    expect(readEdl(edl, rate.base, startFrame)).toEqual(expected.map((marker) => ({ ...marker, length: marker.length ?? 1 })))

    const fcpxml = formatEvents(clip, 'fcpxml')
    const tags = fcpxml.match(/<(marker|chapter-marker) [^>]*>/g) ?? []
    expect(tags.map((tag) => frameOf(attribute(tag, 'start'), rate) - startFrame)).toEqual([1800, ...FRAMES])
    const sequence = /<sequence [^>]*>/.exec(fcpxml)?.[0] ?? ''
    expect(frameOf(attribute(sequence, 'tcStart'), rate)).toBe(startFrame)
    expect(attribute(sequence, 'tcFormat')).toBe(isDrop ? 'DF' : 'NDF')
    expect(frameOf(attribute(/<format [^>]*>/.exec(fcpxml)?.[0] ?? '', 'frameDuration'), rate)).toBe(1)
    const length = frameOf(attribute(sequence, 'duration'), rate)
    expect(Math.abs(timeOf(rate, length) - clip.duration)).toBeLessThan(1 / rate.base)

    const premiere = formatEvents(clip, 'premiere')
    expect(inner(premiere, 'timebase')).toBe(String(rate.base))
    expect(inner(premiere, 'ntsc')).toBe(rate.denominator === 1001 ? 'TRUE' : 'FALSE')
    expect(inner(premiere, 'string')).toBe(startTimecode)
    expect(inner(premiere, 'frame')).toBe(String(startFrame))
    expect(inner(premiere, 'displayformat')).toBe(isDrop ? 'DF' : 'NDF')
    const marked = premiere.match(/<marker>.*?<\/marker>/gs) ?? []
    expect(marked.map((marker) => [Number(inner(marker, 'in')), Number(inner(marker, 'out')), inner(marker, 'name')])).toEqual([
      [1800, -1, 'Chapter'],
      ...expected.map(({ frame, length, text }) => [frame, length === null ? -1 : frame + length, text]),
    ])

    const { item, timeline } = readOtio(formatEvents(clip, 'otio'))
    expect(timeline.global_start_time).toEqual({
      OTIO_SCHEMA: 'RationalTime.1',
      value: startFrame,
      rate: rate.numerator / rate.denominator,
    })
    expect(
      item.markers
        .slice(1)
        .map(({ marked_range: { start_time, duration }, name }) => [start_time.value - startFrame, duration.value, name]),
    ).toEqual(expected.map(({ frame, length, text }) => [frame, length ?? 1, text]))
  })
})

interface Otio {
  readonly global_start_time: unknown
  readonly metadata: { readonly tarsier: Record<string, unknown> }
  readonly tracks: { readonly children: readonly { readonly children: readonly OtioClip[] }[] }
}
interface OtioClip {
  readonly media_references: { readonly DEFAULT_MEDIA: { readonly target_url: string } }
  readonly markers: readonly {
    readonly name: string
    readonly color: string
    readonly marked_range: { readonly start_time: { readonly value: number }; readonly duration: { readonly value: number } }
  }[]
}

function readOtio(text: string): { timeline: Otio; item: OtioClip } {
  const timeline = JSON.parse(text) as Otio
  const item = timeline.tracks.children[0]?.children[0]
  if (!item) throw new Error('The timeline has no clip')
  return { timeline, item }
}

test('frames of a clip with a variable rate are the nearest at the nominal rate, and a comment says so', () => {
  const clip = sampleClip({
    frameRate: { numerator: 29_913, denominator: 1000 },
    variableRate: true,
    events: [event(1.02, 2.04), event(31.7)],
  })
  const frames = [1.02, 31.7].map((time) => Math.round((time * 30_000) / 1001))
  expect(readEdl(formatEvents(clip, 'edl'), 30, 0).map(({ frame }) => frame)).toEqual(frames)
  for (const format of ['edl', 'fcpxml', 'premiere', 'otio', 'markdown'] as const)
    expect(formatEvents(clip, format)).toContain('nearest frame at 29.97 frames per second')
})

test.each([
  ['edl', (text: string) => readEdl(text, 25, 0).length],
  ['fcpxml', (text: string) => text.match(/<marker /g)?.length ?? 0],
  ['premiere', (text: string) => text.match(/<marker>/g)?.length ?? 0],
  ['otio', (text: string) => readOtio(text).item.markers.length],
] as const)('of ten thousand events none is missing from %s, and none is needed', (format, count) => {
  const events = Array.from({ length: 10_000 }, (_, i) => event(i * 3.6, i * 3.6 + 3, `event ${i}`))
  expect(count(formatEvents(sampleClip({ duration: 36_000, events }), format))).toBe(10_000)
  expect(count(formatEvents(sampleClip(), format))).toBe(0)
})

test('an EDL has one marker per frame, with all events that start there', () => {
  const clip = sampleClip({ events: [event(2, 3, 'one'), event(2.01, 5, 'two'), event(2.04, null, 'three | four')] })
  expect(readEdl(formatEvents(clip, 'edl'), 25, 0)).toEqual([
    { frame: 50, length: 75, text: 'one / two' },
    { frame: 51, length: 1, text: 'three ¦ four' },
  ])
})

test('no text leaves its field', () => {
  const clip = sampleClip({
    file: '/films/a "b" <c> & d.mp4',
    notices: hardTexts,
    summary: hardTexts.join(' '),
    events: [...hardTexts.map((text, i) => event(i * 2, null, text)), ...hardTexts.map((text) => event(null, null, text))],
    chapters: hardTexts.map((title, i) => ({ start: i * 2, title })),
  })
  expect(readEdl(formatEvents(clip, 'edl'), 25, 0)).toHaveLength(hardTexts.length)
  for (const format of ['fcpxml', 'premiere'] as const) {
    const xml = formatEvents(clip, format)
    expect(xml).not.toMatch(/[\p{Cs}\ufffe\uffff]|(?!\n)\p{Cc}/u)
    for (const comment of xml.match(/<!--.*?-->/gs) ?? []) expect(comment.slice(4, -3)).not.toMatch(/--|-$/)
    expect(xml.replace(/<!--.*?-->/gs, '').match(/&(?!(amp|lt|gt|quot);)/)).toBeNull()
  }
  expect(readOtio(formatEvents(clip, 'otio')).item.markers).toHaveLength(2 * hardTexts.length)
})

test('events without a time are not markers, but are named in comments', () => {
  const clip = sampleClip({ events: [event(3, 5, 'seen'), event(null, null, 'sometime -- or never')] })
  expect(readEdl(formatEvents(clip, 'edl'), 25, 0)).toHaveLength(1)
  expect(formatEvents(clip, 'edl')).toContain('* One event has no clear time and is left out:\r\n* sometime -- or never')
  for (const format of ['fcpxml', 'premiere'] as const) {
    expect(formatEvents(clip, format)).toContain('<!-- sometime - - or never -->')
    expect(formatEvents(clip, format).match(/<marker/g)).toHaveLength(1)
  }
  const { timeline, item } = readOtio(formatEvents(clip, 'otio'))
  expect(item.markers).toHaveLength(1)
  expect(timeline.metadata.tarsier.untimed_events).toEqual([{ text: 'sometime -- or never', confidence: 0.9 }])
})

test.each([
  ['/films/a b#1%.mp4', 'file:///films/a%20b%231%25.mp4', 'file://localhost/films/a%20b%231%25.mp4'],
  ['C:\\Films\\ä & b.mp4', 'file:///C:/Films/%C3%A4%20%26%20b.mp4', 'file://localhost/C%3A/Films/%C3%A4%20%26%20b.mp4'],
  ['\\\\server\\share\\a.mp4', 'file://server/share/a.mp4', 'file://server/share/a.mp4'],
  ['films/a?.mp4', 'films/a%3F.mp4', 'films/a%3F.mp4'],
])('%s is found by its address', (file, plain, premiere) => {
  const xml = (url: string) => url.replaceAll('&', '&amp;')
  expect(formatEvents(sampleClip({ file }), 'fcpxml')).toContain(`src="${xml(plain)}"`)
  expect(inner(formatEvents(sampleClip({ file }), 'premiere'), 'pathurl')).toBe(xml(premiere))
  expect(readOtio(formatEvents(sampleClip({ file }), 'otio')).item.media_references.DEFAULT_MEDIA.target_url).toBe(plain)
})

test('the picture’s size is the timeline’s, if it is known', () => {
  const clip = sampleClip({ size: { width: 1080, height: 1920 } })
  expect(formatEvents(clip, 'fcpxml')).toContain('<format id="r1" frameDuration="1/25s" width="1080" height="1920"/>')
  expect(formatEvents(clip, 'premiere').match(/<width>1080<\/width>\s*<height>1920<\/height>/g)).toHaveLength(2)
})

test.each(['edl', 'fcpxml', 'premiere', 'otio'] as const)('a still picture is refused as %s', (format) => {
  const still = sampleClip({ frameRate: null, duration: 0 })
  expect(() => formatEvents(still, format)).toThrow(expect.objectContaining({ code: 'format-unsuitable' }))
})
