import { create } from 'zustand'
import type { TarsierError } from '../../shared/errors.ts'
import { Latest } from '../lib/latest.ts'
import { pieceUrl, service } from '../transport.ts'
import { problemOf } from './problem.ts'
import type { TimeSpan } from './stage.ts'

interface MomentState {
  /** The part of the open clip that is being cut out of it, with the progress from 0 to 1. */
  readonly saving: (TimeSpan & { readonly value: number }) | null
  readonly problem: TarsierError | null
  /** Cuts an event out of the clip, and lets the browser save the file. */
  readonly save: (handle: string, span: TimeSpan) => Promise<void>
  readonly stop: () => void
  readonly dismiss: () => void
  /** Stops everything, because another clip is opened. */
  readonly clear: () => void
}

const cutting = new Latest()

/** "Save this moment": a part of the open clip as a file of its own. */
export const useMoment = create<MomentState>((set) => ({
  saving: null,
  problem: null,
  save: async (handle, { start, end }) => {
    const signal = cutting.begin()
    set({ saving: { start, end, value: 0 }, problem: null })
    try {
      for await (const event of await service.events.saveMoment({ handle, start, end }, { signal })) {
        if (signal.aborted) return
        if (event.kind === 'making') set({ saving: { start, end, value: event.value } })
        else download(pieceUrl(handle, event.piece))
      }
      if (!signal.aborted) set({ saving: null })
    } catch (error) {
      if (!signal.aborted) set({ saving: null, problem: problemOf(error) })
    }
  },
  stop: () => {
    cutting.abort()
    set({ saving: null })
  },
  dismiss: () => set({ problem: null }),
  clear: () => {
    cutting.abort()
    set({ saving: null, problem: null })
  },
}))

/** The server sends pieces as attachments, with their names. */
function download(address: string): void {
  const link = document.createElement('a')
  link.href = address
  link.download = ''
  link.click()
}
