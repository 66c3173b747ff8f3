export interface Shortcut {
  /** Names as in `KeyboardEvent.key`; `mod` is Control, or Command on macOS. */
  readonly keys: readonly string[]
  readonly does: string
  readonly group: 'Everywhere' | 'Player' | 'Conversation'
}

/** All keyboard shortcuts of the page, as the help dialog lists them. */
export const shortcuts: readonly Shortcut[] = [
  { group: 'Everywhere', keys: ['mod', 'O'], does: 'Open a clip' },
  { group: 'Everywhere', keys: ['mod', 'V'], does: 'Paste a clip or a picture' },
  { group: 'Everywhere', keys: ['mod', 'K'], does: 'Search the library' },
  { group: 'Everywhere', keys: ['Alt', '1 – 6'], does: 'Clip, library, batches, models, benchmarks, help' },
  { group: 'Everywhere', keys: ['?'], does: 'Show keyboard shortcuts' },
  { group: 'Player', keys: ['Space'], does: 'Play or pause' },
  { group: 'Player', keys: ['←', '→'], does: 'Previous or next frame' },
  { group: 'Player', keys: ['Shift', '← →'], does: 'Back or forward one second' },
  { group: 'Player', keys: ['Home', 'End'], does: 'Go to the start or the end' },
  { group: 'Player', keys: ['I', 'O'], does: 'Set the start or end of the range' },
  { group: 'Player', keys: ['P'], does: 'Add or remove this frame' },
  { group: 'Player', keys: ['N'], does: 'Play the next event' },
  { group: 'Player', keys: ['B'], does: 'Go back to the previous event' },
  { group: 'Player', keys: ['L'], does: 'Repeat the range, or the whole clip' },
  { group: 'Player', keys: ['C'], does: 'Show or hide captions' },
  { group: 'Player', keys: ['M'], does: 'Mute' },
  { group: 'Player', keys: ['F'], does: 'Full screen' },
  { group: 'Player', keys: ['+', '−'], does: 'Zoom the timeline; also Ctrl and the wheel' },
  { group: 'Conversation', keys: ['/'], does: 'Write a question' },
  { group: 'Conversation', keys: ['Enter'], does: 'Ask' },
  { group: 'Conversation', keys: ['Shift', 'Enter'], does: 'New line' },
  { group: 'Conversation', keys: ['Esc'], does: 'Stop the answer, or the search for events' },
]

/** Whether the page runs on macOS, which uses Command instead of Control and types characters with Option. */
export function isMac(): boolean {
  return /mac/i.test(navigator.userAgent)
}

/** Whether the target is a text input, where letters must not trigger shortcuts. */
export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false
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
