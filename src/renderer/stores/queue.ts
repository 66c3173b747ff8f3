import { create } from 'zustand'
import type { QueueJobDetails, QueueView } from '../../shared/contract/queue.ts'
import { service } from '../transport.ts'

interface QueueState {
  /** Null until the service has sent it. */
  readonly view: QueueView | null
  /** The job whose workers and failures are shown. */
  readonly open: string | null
  readonly details: QueueJobDetails | null
  /** Watches the queue until `signal` aborts. */
  readonly follow: (signal: AbortSignal) => Promise<void>
  /** Shows or hides the details of a job. */
  readonly toggle: (name: string) => Promise<void>
  readonly pause: (name: string) => Promise<void>
  readonly resume: (name: string) => Promise<void>
  readonly retryFailed: (name: string, code: string | null) => Promise<void>
}

/** Jobs of the configured queue, which workers on several machines share. */
export const useQueue = create<QueueState>((set, get) => {
  const refresh = async () => {
    const { open } = get()
    if (open === null) return
    const details = await service.queue.details({ name: open })
    if (get().open === open) set({ details })
  }
  return {
    view: null,
    open: null,
    details: null,
    follow: async (signal) => {
      for await (const view of await service.queue.watch(undefined, { signal })) {
        set({ view })
        if (!view.jobs.some(({ name }) => name === get().open)) set({ open: null, details: null })
        // A failure meanwhile is in the next view.
        else if (!view.problem) await refresh().catch(() => {})
      }
    },
    toggle: async (name) => {
      const open = get().open === name ? null : name
      set({ open, details: null })
      await refresh()
    },
    pause: async (name) => {
      await service.queue.pause({ name })
      set(({ view }) => ({ view: changed(view, name, 'paused') }))
    },
    resume: async (name) => {
      await service.queue.resume({ name })
      set(({ view }) => ({ view: changed(view, name, 'running') }))
    },
    retryFailed: async (name, code) => {
      await service.queue.retryFailed({ name, code })
      await refresh()
    },
  }
})

/** Whether there is a queue to show. */
export function isConfigured(view: QueueView | null): view is QueueView {
  return view !== null && (view.address !== null || view.problem !== null)
}

/** The state of a job is shown at once, not with the next look at the queue. */
function changed(view: QueueView | null, name: string, state: 'running' | 'paused'): QueueView | null {
  return view && { ...view, jobs: view.jobs.map((job) => (job.name === name ? { ...job, state } : job)) }
}
