import { expect, test } from '@playwright/test'
import { formatEvents } from '../../src/jobs/event-formats/format-events.ts'
import type { ClipEvents } from '../../src/shared/clip-events.ts'
import { event, hardTexts, sampleClip, timeOf } from '../helpers/clip-events.ts'

const ADDRESS = 'http://clip.example'

test('the browser reads exported WebVTT as a text track', async ({ page }) => {
  const rate = { numerator: 30_000, denominator: 1001 }
  const clip = sampleClip({
    frameRate: rate,
    duration: 7200,
    notices: ['The file is\n\ntruncated --> there.'],
    events: [
      ...hardTexts.map((text, i) => event(timeOf(rate, i * 100), timeOf(rate, i * 100 + 90), text)),
      event(null, null, 'Nobody knows when.'),
      event(timeOf(rate, 200_000), null, 'The last.'),
    ],
  })
  await page.route(`${ADDRESS}/**`, (route) =>
    route.request().url().endsWith('.vtt')
      ? route.fulfill({ contentType: 'text/vtt', body: formatEvents(clip, 'vtt') })
      : route.fulfill({ contentType: 'text/html', body: '<video><track default src="/events.vtt"></video>' }),
  )
  await page.goto(ADDRESS)
  const cues = await page.evaluate(async () => {
    const element = document.querySelector('track')
    if (!element) throw new Error('The page has no track')
    element.track.mode = 'hidden'
    for (let i = 0; element.readyState < HTMLTrackElement.LOADED && i < 200; i++) await new Promise((go) => setTimeout(go, 50))
    // The text as a viewer sees it, without markup.
    return [...(element.track.cues ?? [])].map((cue) => [cue.startTime, cue.endTime, (cue as VTTCue).getCueAsHTML().textContent])
  })
  const shown = (text: string) => (text.startsWith('\0') ? 'control[31m\nlinehalf' : text.replace('\r\n\r\n', '\n'))
  const milliseconds = (frame: number) => Math.floor((frame * 1001) / 30) / 1000
  expect(cues).toEqual([
    ...hardTexts.map((text, i) => [milliseconds(i * 100), milliseconds(i * 100 + 90), shown(text)]),
    [milliseconds(200_000), 7200, 'The last.'],
  ])
})

/** What editors read of a document: names and texts of its markers. */
interface Read {
  readonly error: string | null
  readonly markers: readonly (readonly (string | null | undefined)[])[]
}

test('the browser reads the XML formats', async ({ page }) => {
  const clip: ClipEvents = sampleClip({
    file: '/films/a "b" <c> & d.mp4',
    notices: hardTexts,
    summary: hardTexts.join(' '),
    size: { width: 320, height: 180 },
    chapters: hardTexts.map((title, i) => ({ start: i, title })),
    events: [...hardTexts.map((text, i) => event(i * 2, i * 2 + 1, text)), ...hardTexts.map((text) => event(null, null, text))],
  })
  const read = (xml: string): Promise<Read> =>
    page.evaluate((text) => {
      const document = new DOMParser().parseFromString(text, 'application/xml')
      return {
        error: document.querySelector('parsererror')?.textContent ?? null,
        markers: [...document.querySelectorAll('marker')].map((marker) => [
          marker.getAttribute('value') ?? marker.querySelector('name')?.textContent,
          marker.getAttribute('start') ?? marker.querySelector('in')?.textContent,
        ]),
      }
    }, xml)
  const shown = (text: string) => (text.startsWith('\0') ? 'control[31m linehalf' : text.replace(/[\r\n]+/g, ' '))
  const expected = hardTexts.map((text, i) => [shown(text), String(i * 2)])
  expect(await read(formatEvents(clip, 'fcpxml'))).toEqual({ error: null, markers: expected.map(([text, start]) => [text, `${start}s`]) })
  const { error, markers } = await read(formatEvents(clip, 'premiere'))
  expect(error).toBeNull()
  expect(markers.slice(hardTexts.length)).toEqual(expected.map(([text, start]) => [text, String(Number(start) * 25)]))
  const many = sampleClip({ duration: 36_000, events: Array.from({ length: 10_000 }, (_, i) => event(i * 3.6)) })
  for (const format of ['fcpxml', 'premiere'] as const) {
    const large = await read(formatEvents(many, format))
    expect(large.error).toBeNull()
    expect(large.markers).toHaveLength(10_000)
  }
})
