import type { OpenedFile } from '../../shared/bridge.ts'
import type { ClipMetadata } from '../../shared/contract/clips.ts'
import { TarsierError } from '../../shared/errors.ts'
import { askSettings } from '../lib/ask-settings.ts'
import type { GivenFile } from '../lib/given-file.ts'
import { Latest } from '../lib/latest.ts'
import { uploadFile } from '../lib/upload.ts'
import { useChat } from '../stores/chat.ts'
import { useClip } from '../stores/clip.ts'
import { useCost } from '../stores/cost.ts'
import { useFrames } from '../stores/frames.ts'
import { modelNamed } from '../stores/models.ts'
import { usePlayer } from '../stores/player.ts'
import { problemOf } from '../stores/problem.ts'
import { settingsNow } from '../stores/settings.ts'
import { useView } from '../stores/view.ts'
import { service } from '../transport.ts'

/** A file as a handle, over whichever way this page has. */
export async function handOver(file: File, sent: (share: number) => void, signal: AbortSignal): Promise<ClipMetadata> {
  if (!window.tarsier) return uploadFile(file, sent, signal)
  const [opened] = await window.tarsier.open([file])
  if (!opened) {
    throw new TarsierError('file-unreadable', `“${file.name}” lies nowhere on this disk. Save it to a file, and open that.`)
  }
  return metadataOf(opened)
}

function metadataOf(opened: OpenedFile): ClipMetadata {
  if (opened.kind === 'clip') return opened.metadata
  if (opened.kind === 'failed') throw TarsierError.fromData(opened.error)
  throw new TarsierError('not-media', `“${opened.name}” is a model, not a clip. Import it under Models.`)
}

export function givenByPage(file: File): GivenFile {
  return { name: file.name, size: file.size, hand: (sent, signal) => handOver(file, sent, signal) }
}

export function givenByShell(opened: OpenedFile): GivenFile {
  const [name, size] = opened.kind === 'clip' ? [opened.metadata.name, opened.metadata.bytes] : [opened.name, 0]
  return { name, size, hand: async () => metadataOf(opened) }
}

/** Opens a clip, and asks for its description at once. */
export function openGiven({ name, size, hand }: GivenFile): Promise<void> {
  return open(name, hand, size)
}

export function openExample(name: string): Promise<void> {
  return open(name, (_sent, signal) => service.clips.openExample({ name }, { signal }))
}

/** What is being opened, a file or a conversation: whatever is opened later takes its place. */
const opening = new Latest()

function beginOpening(): AbortSignal {
  useClip.getState().setOpening(null)
  return opening.begin()
}

function cancelOpening(): void {
  opening.abort()
  useClip.getState().setOpening(null)
}

async function open(
  name: string,
  get: (sent: (share: number) => void, signal: AbortSignal) => Promise<ClipMetadata>,
  bytes = 0,
): Promise<void> {
  const signal = beginOpening()
  const clip = useClip.getState()
  const report = (sent: number | null) => clip.setOpening({ name, sent, bytes, cancel: cancelOpening })
  useView.getState().show('clip')
  report(null)
  try {
    const metadata = await get((share) => signal.aborted || report(share), signal)
    if (signal.aborted) return
    const chat = await service.chats.create({ handle: metadata.handle })
    if (signal.aborted) return
    showClip(metadata)
    await useChat.getState().show(chat)
    if (!signal.aborted) askToDescribe()
  } catch (error) {
    if (!signal.aborted) clip.refuse(name, problemOf(error))
  } finally {
    if (!signal.aborted) clip.setOpening(null)
  }
}

/** Shows a clip in the place of the one that was open. */
function showClip(metadata: ClipMetadata): void {
  leaveClip()
  useClip.getState().show(metadata)
}

function leaveClip(): void {
  useChat.getState().close()
  useFrames.getState().clear()
  useCost.getState().clear()
  usePlayer.getState().reset()
}

/** Asks for what the model's makers ask for. */
function askToDescribe(): void {
  const settings = settingsNow()
  void useChat.getState().ask(undefined, askSettings(usePlayer.getState(), settings, modelNamed(settings.model)))
}

/** A conversation of the library, to be read and gone on with. */
export async function openChat(id: string): Promise<void> {
  const signal = beginOpening()
  const chat = await service.chats.get({ chat: id }, { signal })
  if (signal.aborted) return
  if (chat.metadata.handle !== useClip.getState().metadata?.handle) showClip(chat.metadata)
  else useClip.getState().show(chat.metadata)
  useView.getState().show('clip')
  await useChat.getState().show(chat)
}

/** Another conversation about the clip that is open. */
export async function newChat(): Promise<void> {
  const { metadata } = useClip.getState()
  if (!metadata) return
  const signal = beginOpening()
  const chat = await service.chats.create({ handle: metadata.handle }, { signal })
  if (!signal.aborted) await useChat.getState().show(chat)
}

export function closeClip(): void {
  cancelOpening()
  leaveClip()
  useClip.getState().close()
  useView.getState().show('clip')
}

/** Makes this file the one of the open clip, whose own is gone. */
export async function locateClip(file: File, force: boolean): Promise<void> {
  const { metadata } = useClip.getState()
  if (!metadata) return
  const found = await handOver(file, () => {}, new AbortController().signal)
  showAnew(await service.clips.locate({ handle: metadata.handle, file: found.handle, force }))
}

/** Looks whether the file of the open clip is there, and shows the clip anew where that is no longer as it was. */
export async function refreshClip(): Promise<void> {
  const { metadata: before } = useClip.getState()
  if (!before) return
  const metadata = await service.clips.get({ handle: before.handle })
  if (useClip.getState().metadata === before && (metadata.present !== before.present || useFrames.getState().problem)) showAnew(metadata)
}

/** The same clip, its file gone or back. */
function showAnew(metadata: ClipMetadata): void {
  // That the frames could not be read may be so no more.
  if (metadata.present && useFrames.getState().problem) useFrames.getState().clear()
  useClip.getState().show(metadata)
}
