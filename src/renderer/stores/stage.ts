import { create } from 'zustand'

export const speeds = [0.25, 0.5, 0.75, 1, 1.25, 1.5, 2] as const

/** Share of the width that the video takes: the usual one, and its limits. */
export const stageShare = { usual: 0.64, least: 0.35, most: 0.75 } as const

/** A part of the clip, in seconds. */
export interface TimeSpan {
  readonly start: number
  readonly end: number
}

/** Choices that are stored on this device. */
interface Stored {
  /** Share of the width that the video takes beside the conversation. */
  readonly share: number
  /** Whether the sentence that plays is shown over the video. */
  readonly captions: boolean
  /** From 0 to 1. */
  readonly volume: number
  readonly muted: boolean
}

interface StageState extends Stored {
  readonly speed: number
  /** Whether the selected range, or the whole clip, is repeated. */
  readonly loop: boolean
  /** Magnification of the timeline; 1 shows the whole clip. */
  readonly zoom: number
  /** The part of the clip that the text under the pointer is about. */
  readonly pointed: TimeSpan | null
  readonly set: (changes: Partial<Omit<StageState, 'set'>>) => void
}

const STORAGE_KEY = 'tarsier-stage'

/** What a stored choice must be. */
const storedSchema: { readonly [name in keyof Stored]: (value: unknown) => value is Stored[name] } = {
  share: (value): value is number => typeof value === 'number' && value >= stageShare.least && value <= stageShare.most,
  captions: isBoolean,
  volume: (value): value is number => typeof value === 'number' && value >= 0 && value <= 1,
  muted: isBoolean,
}

function isBoolean(value: unknown): value is boolean {
  return typeof value === 'boolean'
}

function readStored(): Partial<Stored> {
  try {
    const stored = JSON.parse(localStorage.getItem(STORAGE_KEY) ?? '{}') as Record<string, unknown>
    return Object.fromEntries(Object.entries(storedSchema).flatMap(([name, fits]) => (fits(stored[name]) ? [[name, stored[name]]] : [])))
  } catch {
    return {}
  }
}

/** How the clip is shown: the sizes of the parts, captions, sound, speed, and the timeline's magnification. */
export const useStage = create<StageState>((set, get) => ({
  share: stageShare.usual,
  captions: true,
  volume: 1,
  muted: false,
  ...readStored(),
  speed: 1,
  loop: false,
  zoom: 1,
  pointed: null,
  set: (changes) => {
    set(changes)
    const { share, captions, volume, muted } = get()
    if (Object.keys(changes).some((name) => name in storedSchema))
      localStorage.setItem(STORAGE_KEY, JSON.stringify({ share, captions, volume, muted }))
  },
}))
