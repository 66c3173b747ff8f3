import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { vi } from 'vitest'
import type { SeenFile } from '../../../src/library/clips.ts'
import { Library } from '../../../src/library/library.ts'
import type { ClipEvents } from '../../../src/shared/clip-events.ts'
import type { Turn } from '../../../src/shared/contract/chats.ts'
import { removeDataFolder } from '../../helpers/remove-data-folder.ts'

/** A library in a temporary folder; `restart` opens it again. While it exists, no two readings of the clock are equal, so that "newest first" is one order. */
export class ScratchLibrary implements Disposable {
  readonly #clock = increasingClock()
  readonly home = mkdtempSync(join(tmpdir(), 'tarsier-library-'))
  library = new Library(this.home)

  restart(): Library {
    this.library[Symbol.dispose]()
    this.library = new Library(this.home)
    return this.library
  }

  [Symbol.dispose](): void {
    this.library[Symbol.dispose]()
    removeDataFolder(this.home)
    this.#clock.mockRestore()
  }
}

function increasingClock() {
  const now = Date.now
  let last = 0
  return vi.spyOn(Date, 'now').mockImplementation(() => {
    last = Math.max(last + 1, now())
    return last
  })
}

export function seen(path: string, facts: Partial<SeenFile['facts']> = {}): SeenFile {
  const name = path.split('/').at(-1) ?? path
  return {
    path,
    given: path,
    name,
    bytes: 1000,
    modified: 1,
    uploaded: false,
    facts: {
      path,
      kind: 'video',
      width: 64,
      height: 48,
      pixelAspect: 1,
      rotation: 0,
      frameCount: 10,
      rate: 10,
      constantRate: true,
      duration: 1,
      container: 'mp4',
      codec: 'h264',
      pixelFormat: 'yuv420p',
      startTimecode: null,
      bytes: 1000,
      notices: [],
      ...facts,
    },
  }
}

export const done: NonNullable<Turn['answer']> = {
  finish: 'end',
  frames: [{ index: 0, time: 0 }],
  width: 64,
  height: 48,
  tokens: { visual: 4, prompt: 10, generated: 5, evaluated: 14 },
  timings: { probe: 1, decode: 1, encode: 1, prefill: 1, firstToken: 1, generate: 1, total: 6 },
  device: { vision: 'cpu', language: 'cpu', fallbacks: [] },
  notices: [],
  cached: 'nothing',
}

/** A conversation of one finished turn about a new clip. */
export function addConversation(library: Library, path: string, question: string, text: string, model = 'demo'): string {
  const clip = library.clips.add(seen(path))
  const chat = library.chats.create(clip.key)
  library.chats.begin(chat.id, 0, { question, settings: {}, model })
  library.chats.end(chat.id, 0, { state: 'done', text, answer: done })
  return chat.id
}

/** Events of a clip, from each segment's start, text and events. */
export function eventsOf(
  segments: readonly (readonly [start: number, text: string, events: readonly (readonly [start: number | null, text: string])[]])[],
): ClipEvents {
  const duration = 20
  return {
    file: '/a.mp4',
    duration,
    frameRate: { numerator: 25, denominator: 1 },
    variableRate: false,
    startTimecode: null,
    model: 'demo',
    segments: segments.map(([start, text], i) => ({ start, end: segments[i + 1]?.[0] ?? duration, text })),
    events: segments.flatMap(([, , events], segment) =>
      events.map(([start, text]) => ({ text, start, end: null, confidence: start === null ? 0 : 0.9, segment })),
    ),
    chapters: [],
    summary: null,
    notices: [],
    timings: {},
  }
}
