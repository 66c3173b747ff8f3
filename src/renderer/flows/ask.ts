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

/** Settings from the page's current controls. */
function settingsOfPage(): AskSettings {
  const settings = settingsNow()
  return askSettings(usePlayer.getState(), settings, modelNamed(settings.model), useChat.getState().chat?.all.at(-1)?.settings)
}

/** Asks a question. Without text, it asks for a description. */
export function ask(text?: string): void {
  void useChat.getState().ask(text, settingsOfPage())
}

/** Regenerates the last answer with the current settings. */
export function askAgain(): void {
  void useChat.getState().regenerate(settingsOfPage())
}

export function askEdited(turn: number, text: string): void {
  void useChat.getState().edit(turn, text, settingsOfPage())
}

/** Halves the number of frames and regenerates the answer. */
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

/** Opens the settings tab. */
export function showSettings(): void {
  usePanel.getState().show('settings')
}

/** Shows the frames that the model received for a turn in the filmstrip. */
export function showFramesOf(turn: Turn): void {
  const { metadata } = useClip.getState()
  if (!metadata || !turn.answer) return
  const indices = turn.answer.frames.map(({ index }) => index)
  const { maxPixels } = turn.settings
  const limit = maxPixels === undefined ? {} : { maxPixels }
  usePanel.getState().show('frames')
  void useFrames.getState().show({ handle: metadata.handle, model: turn.model, frames: { kind: 'indices', indices }, ...limit }, turn.index)
}
