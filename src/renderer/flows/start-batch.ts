import type { AskSettings } from '../../shared/contract/asking.ts'
import type { TarsierError } from '../../shared/errors.ts'
import type { GivenFile } from '../lib/given-file.ts'
import { Latest } from '../lib/latest.ts'
import { useBatches } from '../stores/batches.ts'
import { type PendingBatch, usePendingBatch } from '../stores/pending-batch.ts'
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

/**
 * Transfers all files one after another, then starts the batch with those that are clips. The batch lists the others with the reason. If it cannot be
 * started, the dialog stays open and shows why.
 */
export async function startBatch(options: BatchOptions): Promise<void> {
  const { set } = usePendingBatch.getState()
  const { pending } = usePendingBatch.getState()
  if (!pending) return
  const signal = sending.begin()
  const clips: string[] = []
  const refused: { name: string; error: TarsierError }[] = []
  const show = (state: Pick<PendingBatch, 'sending' | 'problem'>) =>
    signal.aborted || set({ ...pending, clips: [...clips], refused: [...refused], ...state })
  for (const file of pending.files) {
    show({ sending: true, problem: null })
    try {
      clips.push((await file.hand(() => {}, signal)).handle)
    } catch (thrown) {
      const error = problemOf(thrown)
      if (error) refused.push({ name: file.name, error })
    }
    // The app's window finishes handing a file over before it notices the abort.
    if (signal.aborted) return
  }
  if (clips.length === 0) return void show({ sending: false, problem: null })
  try {
    await create(options, clips, refused, signal)
  } catch (thrown) {
    return void show({ sending: false, problem: problemOf(thrown) })
  }
  // The batch lists the files that could not be opened.
  if (!signal.aborted) set(null)
}

/** Starts the batch and shows it, unless its dialog was closed meanwhile. */
async function create(
  options: BatchOptions,
  clips: readonly string[],
  refused: PendingBatch['refused'],
  signal: AbortSignal,
): Promise<void> {
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
  if (signal.aborted) return
  void show(id)
  useView.getState().show('batches')
}

/** Opens the dialog for several files, in place of one that is open. */
export function askAboutBatch(files: readonly GivenFile[]): void {
  sending.abort()
  usePendingBatch.getState().set({ files, clips: [], refused: [], sending: false, problem: null })
}

export function dropPendingBatch(): void {
  sending.abort()
  usePendingBatch.getState().set(null)
}
