import { isMac, isTyping } from '../lib/shortcuts.ts'
import { useChat } from '../stores/chat.ts'
import { useClip } from '../stores/clip.ts'
import { useEvents } from '../stores/events.ts'
import { usePanel } from '../stores/panel.ts'
import { useQuestion } from '../stores/question.ts'
import { useTextCheck } from '../stores/text-check.ts'
import { useView, views } from '../stores/view.ts'
import { chooseFiles } from './take-files.ts'

/** Element id of the library's search field. */
export const SEARCH_FIELD = 'library-search'

/** Handles keyboard shortcuts of the whole window. */
export function onGlobalKey(event: KeyboardEvent): void {
  // While a text is composed, as with an input method for Chinese, the keys belong to that.
  if (event.defaultPrevented || event.isComposing || document.querySelector('dialog[open]')) return
  const { show, showShortcuts } = useView.getState()
  const mod = event.ctrlKey || event.metaKey
  const view = event.altKey && !mod && !isOptionTyping(event) ? views[Number(event.code.replace('Digit', '')) - 1] : undefined
  const key = event.key.toLowerCase()
  if (view) show(view)
  else if (mod && key === 'o') chooseFiles()
  else if (mod && key === 'k') showSearch()
  else if (event.key === '?' && !isTyping(event.target)) showShortcuts(true)
  else if (event.key === '/' && !mod && !isTyping(event.target) && useClip.getState().metadata) writeQuestion()
  else if (event.key !== 'Escape' || !stopWork()) return
  event.preventDefault()
}

/** Goes to the field for questions. */
function writeQuestion(): void {
  useView.getState().show('clip')
  usePanel.getState().show('conversation')
  useQuestion.getState().focus()
}

/** Stops the answer, or else the work on events. Returns whether there was any. */
function stopWork(): boolean {
  const { run } = useChat.getState()
  const events = useEvents.getState()
  const check = useTextCheck.getState()
  if (run && !run.batch) useChat.getState().stop()
  else if (events.timing) events.stopTiming()
  else if (events.run?.running) events.stopFind()
  else if (check.run) check.stop()
  else return false
  return true
}

/** Opens the library and focuses its search field. */
export function showSearch(): void {
  useView.getState().show('library')
  requestAnimationFrame(() => document.getElementById(SEARCH_FIELD)?.focus())
}

/** On macOS, Option types characters: on many layouts `[`, `]` and `@` are Option and a digit. */
function isOptionTyping(event: KeyboardEvent): boolean {
  return isMac() && isTyping(event.target)
}
