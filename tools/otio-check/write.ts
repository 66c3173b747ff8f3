/** Writes a clip's events in all formats, and what each reader must find in them: `npx tsx tools/otio-check/write.ts DIR`. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { formatEvents } from '../../src/jobs/event-formats/format-events.ts'
import { eventFormatInfo, eventFormats } from '../../src/shared/event-formats.ts'
import { event, hardTexts, rates, sampleClip, timeOf } from '../../test/helpers/clip-events.ts'

const folder = process.argv[2]
if (folder === undefined) throw new Error('Name a folder for the files.')
await mkdir(folder, { recursive: true })

const expected: Record<string, { rate: [number, number]; start: number; frames: number[] }> = {}
for (const rate of rates)
  for (const isDrop of rate.dropped > 0 ? [false, true] : [false]) {
    const name = `${rate.base}-${rate.denominator}${isDrop ? '-drop' : ''}`
    const frames = [...hardTexts.map((_, i) => i * 1000 + 17), 17_982, 107_892]
    const clip = sampleClip({
      file: '/films/a "b" <c> & d.mp4',
      frameRate: { numerator: rate.numerator, denominator: rate.denominator },
      duration: 4 * 3600,
      startTimecode: isDrop ? '01:00:00;00' : '01:00:00:00',
      size: { width: 1920, height: 1080 },
      notices: hardTexts,
      summary: hardTexts.join(' '),
      chapters: [0, 60, 120].map((start) => ({ start, title: `From ${start} & on` })),
      events: [
        ...frames.map((frame, i) => event(timeOf(rate, frame), timeOf(rate, frame + 50), hardTexts[i] ?? `event ${i}`)),
        event(null),
      ],
    })
    expected[name] = {
      rate: [rate.numerator, rate.denominator],
      start: isDrop ? (rate.base * 60 - rate.dropped) * 60 + 6 * rate.dropped : rate.base * 3600,
      frames: frames.sort((a, b) => a - b),
    }
    for (const format of eventFormats)
      await writeFile(join(folder, `${name}.${eventFormatInfo[format].extension}`), formatEvents(clip, format))
  }
await writeFile(join(folder, 'expected.json'), JSON.stringify(expected))
