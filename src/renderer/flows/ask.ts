import type { AskSettings } from '../../shared/contract/asking.ts'
import type { Turn } from '../../shared/contract/chats.ts'
import type { FrameRequest } from '../../shared/frame-request.ts'
import { askSettings } from '../lib/ask-settings.ts'
import { useChat } from '../stores/chat.ts'
import { useClip } from '../stores/clip.ts'
import { useComparison } from '../stores/comparison.ts'
import { useFrames } from '../stores/frames.ts'
import { modelNamed } from '../stores/models.ts'
import { usePanel } from '../stores/panel.ts'
import { usePlayer } from '../stores/player.ts'
import { useQuestion } from '../stores/question.ts'
import { settingsNow, useSettings } from '../stores/settings.ts'

/** Settings from the page's current controls. */
function settingsOfPage(): AskSettings {
  const settings = settingsNow()
  return askSettings(usePlayer.getState(), settings, modelNamed(settings.model), useChat.getState().chat?.all.at(-1)?.settings)
}

/** Repeats the last request for an answer. */
let repeatLast = askAgain

/** Asks a question. Without text, it asks for a description. A typed question that could not be asked is put back into its field. */
export async function ask(text?: string): Promise<void> {
  repeatLast = () => void ask(text === undefined ? undefined : typedQuestion() || text)
  await useChat.getState().ask(text, settingsOfPage())
}

/** Regenerates the last answer with the current settings. */
export function askAgain(): void {
  repeatLast = askAgain
  void useChat.getState().regenerate(settingsOfPage())
}

/** Repeats the last request for an answer if it could not be started. A new question may have been changed in its field since. */
export function tryAgain(): void {
  repeatLast()
}

function typedQuestion(): string | undefined {
  const { chat } = useChat.getState()
  return chat ? useQuestion.getState().texts[chat.id]?.trim() : undefined
}

function editedQuestion(turn: number): string | undefined {
  const { editing } = useChat.getState()
  return editing?.turn === turn ? editing.text.trim() : undefined
}

/** Has another model answer the last question about the same frames. The present answer is kept, and both are shown side by side. */
export function compareWith(model: string): void {
  repeatLast = () => compareWith(model)
  void compare(model)
}

async function compare(model: string): Promise<void> {
  const { chat, regenerate } = useChat.getState()
  const turn = chat?.all.at(-1)
  if (!turn) return
  const frames = turn.answer && turn.answer.frames.length > 0 ? framesUsed(turn.answer) : turn.settings.frames
  useComparison.getState().show(turn.index)
  const begun = await regenerate({ ...turn.settings, model, ...(frames && { frames }) })
  // The dialog would hide why not.
  if (!begun) useComparison.getState().show(null)
}

function framesUsed({ frames }: NonNullable<Turn['answer']>): FrameRequest {
  return { kind: 'indices', indices: frames.map(({ index }) => index) }
}

/** Gives a stored answer the shape of the settings, without the model. */
export async function shapeAnswer({ index }: Turn): Promise<void> {
  await useChat.getState().reshape(index, settingsNow().shape)
}

/** Asks an edited question in place of an earlier one. One that could not be asked stays in its editor. */
export function askEdited(turn: number, text: string): void {
  repeatLast = () => askEdited(turn, editedQuestion(turn) || text)
  void useChat.getState().edit(turn, text, settingsOfPage())
}

/** Sets the number of frames of the next question. */
export function chooseFrames(count: number): void {
  usePlayer.getState().clearPicks()
  void useSettings.getState().set({ frames: count })
}

/** Halves the number of frames, and then by default regenerates the answer. */
export function askWithFewerFrames(then = askAgain): void {
  const { chat } = useChat.getState()
  const settings = settingsOfPage()
  const { frames } = chat?.all.at(-1)?.settings ?? settings
  const count = frames === undefined || frames.kind === 'indices' || frames.kind === 'times' ? 8 : frames.count
  usePlayer.getState().clearPicks()
  void useSettings
    .getState()
    .set({ frames: Math.max(1, Math.floor(count / 2)) })
    .then(then)
}

/** Opens the settings. */
export function showSettings(): void {
  usePanel.getState().showSettings(true)
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
