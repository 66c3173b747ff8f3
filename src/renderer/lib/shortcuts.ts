import { t } from '../../shared/text.ts'

export interface Shortcut {
  /** Names as in `KeyboardEvent.key`; `mod` is Control, or Command on macOS. */
  readonly keys: readonly string[]
  readonly does: string
  /** Where it works, as a heading. */
  readonly group: string
}

const everywhere = t('Everywhere')
const player = t('Player')
const conversation = t('Conversation')

/** All keyboard shortcuts of the page, as the help dialog lists them. */
export const shortcuts: readonly Shortcut[] = [
  { group: everywhere, keys: ['mod', 'O'], does: t('Open a clip') },
  { group: everywhere, keys: ['mod', 'V'], does: t('Paste a clip or a picture') },
  { group: everywhere, keys: ['mod', 'K'], does: t('Search the library') },
  { group: everywhere, keys: ['Alt', '1 – 6'], does: t('Clip, library, batches, models, benchmarks, help') },
  { group: everywhere, keys: ['?'], does: t('Show keyboard shortcuts') },
  { group: player, keys: ['Space'], does: t('Play or pause') },
  { group: player, keys: ['←', '→'], does: t('Previous or next frame') },
  { group: player, keys: ['Shift', '← →'], does: t('Back or forward one second') },
  { group: player, keys: ['Home', 'End'], does: t('Go to the start or the end') },
  { group: player, keys: ['I', 'O'], does: t('Set the start or end of the range') },
  { group: player, keys: ['P'], does: t('Add or remove this frame') },
  { group: player, keys: ['N'], does: t('Play the next event') },
  { group: player, keys: ['B'], does: t('Go back to the previous event') },
  { group: player, keys: ['L'], does: t('Repeat the range, or the whole clip') },
  { group: player, keys: ['C'], does: t('Show or hide captions') },
  { group: player, keys: ['M'], does: t('Mute') },
  { group: player, keys: ['F'], does: t('Full screen') },
  { group: player, keys: ['+', '−'], does: t('Zoom the timeline; also Ctrl and the wheel') },
  { group: conversation, keys: ['/'], does: t('Write a question') },
  { group: conversation, keys: ['Enter'], does: t('Ask') },
  { group: conversation, keys: ['Shift', 'Enter'], does: t('New line') },
  { group: conversation, keys: ['Esc'], does: t('Stop the answer, or the search for events') },
]

/** Whether the page runs on macOS, which uses Command instead of Control and types characters with Option. */
export function isMac(): boolean {
  return /mac/i.test(navigator.userAgent)
}

/** Whether the target is a text input, or an entry of an open menu that letters choose: there they must not trigger shortcuts. */
export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false
  if (target.closest('[role="menu"]')) return true
  return target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement || isTextInput(target)
}

function isTextInput(target: HTMLElement): boolean {
  return target instanceof HTMLInputElement && !['checkbox', 'radio', 'range', 'button', 'submit'].includes(target.type)
}

/** Whether the target is a control that handles the space bar or arrow keys itself. */
export function isControl(target: EventTarget | null): boolean {
  return isTyping(target) || (target instanceof HTMLElement && target.closest('button, a, [role], summary, dialog, input') !== null)
}

/** Whether the target is a keyboard-scrollable region, such as the message list, and the key scrolls it. */
export function isScrolling(target: EventTarget | null, key: string): boolean {
  return [' ', 'Home', 'End'].includes(key) && target instanceof HTMLElement && target.closest('[tabindex="0"]') !== null
}
