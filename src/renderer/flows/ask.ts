import type { AskSettings } from '../../shared/contract/asking.ts'
import type { Turn } from '../../shared/contract/chats.ts'
import { askSettings } from '../lib/ask-settings.ts'
import { useChat } from '../stores/chat.ts'
import { useClip } from '../stores/clip.ts'
import { useFrames } from '../stores/frames.ts'
import { modelNamed } from '../stores/models.ts'
import { usePanel } from '../stores/panel.ts'
import { usePlayer } from '../stores/player.ts'
import { settingsNow, useSettings } from '../stores/settings.ts'

/** What the controls of the page say now. */
function settingsOfPage(): AskSettings {
  const settings = settingsNow()
  return askSettings(usePlayer.getState(), settings, modelNamed(settings.model), useChat.getState().chat?.all.at(-1)?.settings)
}

/** Asks; without words for the description. */
export function ask(text?: string): void {
  void useChat.getState().ask(text, settingsOfPage())
}

/** The last answer once more, with what the controls say now. */
export function askAgain(): void {
  void useChat.getState().regenerate(settingsOfPage())
}

export function askEdited(turn: number, text: string): void {
  void useChat.getState().edit(turn, text, settingsOfPage())
}

/** Halves the frames and asks once more. */
export function askWithFewerFrames(): void {
  const { chat } = useChat.getState()
  const settings = settingsOfPage()
  const { frames } = chat?.all.at(-1)?.settings ?? settings
  const count = frames === undefined || frames.kind === 'indices' || frames.kind === 'times' ? 8 : frames.count
  usePlayer.getState().clearPicks()
  void useSettings
    .getState()
    .set({ frames: Math.max(1, Math.floor(count / 2)) })
    .then(askAgain)
}

/** Puts the settings where they can be seen. */
export function showSettings(): void {
  usePanel.getState().show('settings')
}

/** Shows in the strip what the model saw for a turn. */
export function showFramesOf(turn: Turn): void {
  const { metadata } = useClip.getState()
  if (!metadata || !turn.answer) return
  const indices = turn.answer.frames.map(({ index }) => index)
  const { maxPixels } = turn.settings
  const limit = maxPixels === undefined ? {} : { maxPixels }
  usePanel.getState().show('frames')
  void useFrames.getState().show({ handle: metadata.handle, model: turn.model, frames: { kind: 'indices', indices }, ...limit }, turn.index)
}
