import type { Turn } from '../../shared/contract/chats.ts'
import { t } from '../../shared/text.ts'
import { type Run, stageText } from './run.ts'

/** What a screen reader says about a conversation: each stage of an answer once, then the complete answer instead of single tokens. */
export function spokenText(run: Run | null, last: Pick<Turn, 'state' | 'text'> | undefined): string {
  // Without the number of the frame, which would be said for each.
  if (run) return stageText({ ...run, done: 0, of: 0 })
  if (last?.state === 'done') return t('Answer: {text}', { text: last.text })
  return last?.state === 'stopped' ? t('Stopped.') : ''
}
