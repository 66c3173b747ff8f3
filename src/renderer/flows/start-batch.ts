import type { AskSettings } from '../../shared/contract/asking.ts'
import type { TarsierError } from '../../shared/errors.ts'
import { Latest } from '../lib/latest.ts'
import { useBatches } from '../stores/batches.ts'
import { usePendingBatch } from '../stores/pending-batch.ts'
import { problemOf } from '../stores/problem.ts'
import { useView } from '../stores/view.ts'
import { service } from '../transport.ts'

export interface BatchOptions {
  readonly title: string
  /** Undefined for the model's own prompt for a description. */
  readonly question: string | undefined
  readonly settings: AskSettings
  readonly skipDescribed: boolean
}

const sending = new Latest()

/** Transfers all files one after another, then starts the batch with those that are clips. The batch lists the others with the reason. */
export async function startBatch(options: BatchOptions): Promise<void> {
  const { set } = usePendingBatch.getState()
  const { pending } = usePendingBatch.getState()
  if (!pending) return
  const signal = sending.begin()
  const clips: string[] = []
  const refused: { name: string; error: TarsierError }[] = []
  for (const file of pending.files) {
    set({ ...pending, clips: [...clips], refused: [...refused], sending: true })
    try {
      clips.push((await file.hand(() => {}, signal)).handle)
    } catch (thrown) {
      if (signal.aborted) return
      const error = problemOf(thrown)
      if (error) refused.push({ name: file.name, error })
    }
  }
  if (clips.length === 0) return set({ ...pending, refused, sending: false })
  const { title, question, settings, skipDescribed } = options
  const { change, show } = useBatches.getState()
  const { id } = await change(() =>
    service.batch.create({
      title,
      clips: [...new Set(clips)],
      settings,
      skipDescribed,
      ...(question !== undefined && { question }),
      refused: refused.map(({ name, error }) => ({ name, error: error.toData() })),
    }),
  )
  void show(id)
  useView.getState().show('batches')
  // The batch lists the files that could not be opened.
  set(null)
}

export function dropPendingBatch(): void {
  sending.abort()
  usePendingBatch.getState().set(null)
}
