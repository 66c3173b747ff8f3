import type { OpenedFile } from '../../shared/bridge.ts'
import type { ClipMetadata } from '../../shared/contract/clips.ts'
import { TarsierError } from '../../shared/errors.ts'
import { askSettings } from '../lib/ask-settings.ts'
import type { GivenFile } from '../lib/given-file.ts'
import { Latest } from '../lib/latest.ts'
import { uploadFile } from '../lib/upload.ts'
import { useChat } from '../stores/chat.ts'
import { useClip } from '../stores/clip.ts'
import { useComparison } from '../stores/comparison.ts'
import { useCost } from '../stores/cost.ts'
import { useEvents } from '../stores/events.ts'
import { useFrames } from '../stores/frames.ts'
import { modelNamed } from '../stores/models.ts'
import { useMoment } from '../stores/moment.ts'
import { usePanel } from '../stores/panel.ts'
import { usePlayer } from '../stores/player.ts'
import { problemOf } from '../stores/problem.ts'
import { useQuestion } from '../stores/question.ts'
import { settingsNow, useSettings } from '../stores/settings.ts'
import { useTextCheck } from '../stores/text-check.ts'
import { useThumbnails } from '../stores/thumbnails.ts'
import { useView } from '../stores/view.ts'
import { service } from '../transport.ts'
import { loadInAdvance } from './load-in-advance.ts'

/** Turns a file into a handle, by upload in a browser or through the shell. */
export async function handOver(file: File, sent: (share: number) => void, signal: AbortSignal): Promise<ClipMetadata> {
  if (!window.tarsier) return uploadFile(file, sent, signal)
  const [opened] = await window.tarsier.open([file])
  if (!opened) {
    throw new TarsierError('file-unreadable', `“${file.name}” is not a file on this disk. Save it to a file and open that file.`)
  }
  return metadataOf(opened)
}

function metadataOf(opened: OpenedFile): ClipMetadata {
  if (opened.kind === 'clip') return opened.metadata
  if (opened.kind === 'failed') throw TarsierError.fromData(opened.error)
  throw new TarsierError('not-media', `“${opened.name}” is a model, not a clip. Import it in the Models view.`)
}

export function givenByPage(file: File): GivenFile {
  return { name: file.name, size: file.size, hand: (sent, signal) => handOver(file, sent, signal) }
}

export function givenByShell(opened: OpenedFile): GivenFile {
  const [name, size] = opened.kind === 'clip' ? [opened.metadata.name, opened.metadata.bytes] : [opened.name, 0]
  return { name, size, hand: async () => metadataOf(opened) }
}

/** Opens a clip and goes on with its last conversation. Without one, it requests the clip's description immediately. */
export function openGiven({ name, size, hand }: GivenFile): Promise<void> {
  return open(name, hand, size)
}

export function openExample(name: string): Promise<void> {
  return open(name, (_sent, signal) => service.clips.openExample({ name }, { signal }))
}

/** The file or conversation that is being opened. Opening another one cancels it. */
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
  // While the file is sent and opened.
  loadInAdvance()
  try {
    const metadata = await get((share) => signal.aborted || report(share), signal)
    if (signal.aborted) return
    const { handle } = metadata
    // The list also has conversations about copies of the clip, which are clips of their own.
    const earlier = (await service.chats.list({ handle })).find(({ clip, turns }) => clip === handle && turns > 0)
    const chat = earlier ? await service.chats.get({ chat: earlier.id }) : await service.chats.create({ handle })
    if (signal.aborted) return
    showClip(metadata)
    useQuestion.getState().focus()
    await useChat.getState().show(chat)
    if (!signal.aborted && !earlier) askToDescribe()
  } catch (error) {
    if (!signal.aborted) clip.refuse(name, problemOf(error))
  } finally {
    if (!signal.aborted) clip.setOpening(null)
  }
}

/** Shows a clip in place of the one that was open, whose number of frames was chosen for it. */
function showClip(metadata: ClipMetadata): void {
  if (useClip.getState().metadata && settingsNow().frames !== null) void useSettings.getState().set({ frames: null })
  leaveClip()
  useClip.getState().show(metadata)
  if (metadata.kind !== 'image') void useEvents.getState().load(metadata.handle)
}

function leaveClip(): void {
  useChat.getState().close()
  useFrames.getState().clear()
  useCost.getState().clear()
  usePlayer.getState().reset()
  useEvents.getState().clear()
  useTextCheck.getState().clear()
  useMoment.getState().clear()
  useComparison.getState().show(null)
}

/** Asks with the model's own prompt for a description. */
function askToDescribe(): void {
  const settings = settingsNow()
  void useChat.getState().ask(undefined, askSettings(usePlayer.getState(), settings, modelNamed(settings.model)))
}

/** A conversation to which the page goes as soon as it has been read. */
const going = new Latest()

/** Leaves the page where it is, because the user has gone to another place while a conversation is being read. */
export function goNowhere(): void {
  going.abort()
}

/** Reads what the page is to show next. Throws an `AbortError` if the user has opened something else or gone elsewhere meanwhile. */
async function beforeGoing<T>(read: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const signal = AbortSignal.any([beginOpening(), going.begin()])
  const found = await read(signal)
  signal.throwIfAborted()
  return found
}

/**
 * Opens a conversation of the library, to read or continue it. The player goes to `startAt`, in seconds; null leaves it where it is. Throws an
 * `AbortError` if the user goes elsewhere before it has been read.
 */
export async function openChat(id: string, startAt: number | null = null): Promise<void> {
  loadInAdvance()
  const chat = await beforeGoing((signal) => service.chats.get({ chat: id }, { signal }))
  if (chat.metadata.handle !== useClip.getState().metadata?.handle) showClip(chat.metadata)
  else useClip.getState().show(chat.metadata)
  usePlayer.setState({ startAt })
  if (startAt !== null) usePanel.getState().show('events')
  useView.getState().show('clip')
  await useChat.getState().show(chat)
}

/** Opens a clip of the library that has events but no conversation. Nothing is asked. Otherwise as {@link openChat}. */
export async function openClip(handle: string, startAt: number | null = null): Promise<void> {
  const { id } = await beforeGoing((signal) => service.chats.create({ handle }, { signal }))
  await openChat(id, startAt)
}

/** Starts another conversation about the open clip. */
export async function newChat(): Promise<void> {
  const { metadata } = useClip.getState()
  if (!metadata) return
  const signal = beginOpening()
  const chat = await service.chats.create({ handle: metadata.handle }, { signal })
  if (!signal.aborted) await useChat.getState().show(chat)
}

/** Starts another conversation about the open clip with the question that is being typed. */
export async function newChatWithQuestion(): Promise<void> {
  const { chat } = useChat.getState()
  await newChat()
  const { chat: next } = useChat.getState()
  if (chat && next) useQuestion.getState().move(chat.id, next.id)
  useQuestion.getState().focus()
}

export function closeClip(): void {
  cancelOpening()
  leaveClip()
  useClip.getState().close()
  useView.getState().show('clip')
}

/** Assigns a file to the open clip, whose original file is missing. */
export async function locateClip(file: File, force: boolean): Promise<void> {
  const { metadata } = useClip.getState()
  if (!metadata) return
  const found = await handOver(file, () => {}, new AbortController().signal)
  showAnew(await service.clips.locate({ handle: metadata.handle, file: found.handle, force }))
}

/** Checks whether the file of the open clip exists, and updates the page if this has changed. */
export async function refreshClip(): Promise<void> {
  const { metadata: before } = useClip.getState()
  if (!before) return
  const metadata = await service.clips.get({ handle: before.handle })
  if (useClip.getState().metadata === before && (metadata.present !== before.present || useFrames.getState().problem)) showAnew(metadata)
}

/** Shows the same clip after its file was removed or restored. */
function showAnew(metadata: ClipMetadata): void {
  // The error of the frames may be outdated.
  if (metadata.present && useFrames.getState().problem) useFrames.getState().clear()
  useClip.getState().show(metadata)
  useThumbnails.getState().forget(metadata.handle)
}
