import { clipsOfFragment } from '../../shared/contract/addresses.ts'
import { assertNever, TarsierError } from '../../shared/errors.ts'
import { t } from '../../shared/text.ts'
import { Latest } from '../lib/latest.ts'
import { fragmentOf, isSamePlace, type Route, routeOf } from '../lib/route.ts'
import { viewNames } from '../lib/view-names.ts'
import { useBatches } from '../stores/batches.ts'
import { useBench } from '../stores/bench.ts'
import { useBenchList } from '../stores/bench-list.ts'
import { useBenchSample } from '../stores/bench-sample.ts'
import { useChat } from '../stores/chat.ts'
import { useClip } from '../stores/clip.ts'
import { useLibrary } from '../stores/library.ts'
import { usePlayer } from '../stores/player.ts'
import { problemOf, reportErrors, useProblem } from '../stores/problem.ts'
import { useQuestion } from '../stores/question.ts'
import { useView } from '../stores/view.ts'
import { service } from '../transport.ts'
import { closeClip, goNowhere, openChat, openClip } from './open-clip.ts'
import { takeOpened } from './take-files.ts'

/** While a slider is dragged, the address waits for its end: browsers limit how often it may change. */
const TIME_MS = 400

/** Shows what the page's address says, and keeps the address and the browser's history up to date until the returned function is called. */
export function followAddress(): () => void {
  const leaving = new AbortController()
  const { signal } = leaving
  let shown = routeOf(window.location.hash)
  /** Where the page was when an address began to be opened: it stays there until the address can be shown. */
  let left = shown
  /** The address that is being opened. Opening another one, or another view, ends what it waits for. */
  const opening = new Latest()
  /** Whether an address is being opened: until then, the stores of the view are on the way from one place to another. */
  let busy = false
  let timer: ReturnType<typeof setTimeout> | undefined

  const update = (replace = false) => {
    const now = routeNow()
    if (signal.aborted || useClip.getState().opening) return
    if (busy) {
      if (now.view === shown.view || isSamePlace(now, left)) return
      // The user has gone elsewhere, which ends what is still being opened.
      opening.abort()
      busy = false
    }
    document.title = titleNow()
    const fragment = fragmentOf(now)
    if (fragment === fragmentOf(routeOf(window.location.hash))) return
    const address = window.location.pathname + window.location.search + fragment
    if (replace || isSamePlace(now, shown)) window.history.replaceState(null, '', address)
    else window.history.pushState(null, '', address)
    shown = now
  }
  const updateSoon = (ms = 0) => {
    clearTimeout(timer)
    timer = setTimeout(update, ms)
  }
  /** Where the page is. The address follows it later, when a conversation may already have been chosen there. */
  let place = routeNow()
  const followPlace = () => {
    const now = routeNow()
    if (!isSamePlace(now, place)) goNowhere()
    place = now
    updateSoon()
  }
  const open = (route: Route) => {
    const wanted = opening.begin()
    goNowhere()
    busy = true
    left = routeNow()
    shown = route
    reportErrors(async () => {
      try {
        await openRoute(route, wanted)
      } finally {
        if (!wanted.aborted) {
          busy = false
          update(routeNow().view === route.view)
        }
      }
    })
  }

  const given = clipsOfFragment(window.location.hash)
  if (given.length > 0) {
    // Opened once: a reload shows what they have become.
    window.history.replaceState(null, '', window.location.pathname + window.location.search)
    openGivenClips(given)
  } else if (window.location.hash !== '') open(shown)
  window.addEventListener('popstate', () => open(routeOf(window.location.hash)), { signal })
  const stops = [useView, useClip, useChat, useBatches, useBench, useBenchSample, useLibrary].map((store) => store.subscribe(followPlace))
  const stopTime = usePlayer.subscribe((now, before) => {
    if (!now.playing && (now.time !== before.time || before.playing)) updateSoon(TIME_MS)
  })
  return () => {
    leaving.abort()
    opening.abort()
    clearTimeout(timer)
    for (const stop of [...stops, stopTime]) stop()
  }
}

/** Opens the clips that the command line has named in the address. */
function openGivenClips(handles: readonly string[]): void {
  reportErrors(async () => {
    const clips = await Promise.all(handles.map((handle) => service.clips.get({ handle })))
    takeOpened(clips.map((metadata) => ({ kind: 'clip', metadata })))
  })
}

function routeNow(): Route {
  const { view } = useView.getState()
  switch (view) {
    case 'clip': {
      const clip = useClip.getState().metadata?.handle ?? null
      return { view, clip, chat: useChat.getState().chat?.id ?? null, time: usePlayer.getState().time }
    }
    case 'library':
      return { view, text: useLibrary.getState().query.text }
    case 'batches':
      return { view, batch: useBatches.getState().open }
    case 'benchmarks': {
      const { open, other } = useBench.getState()
      const { choice } = useBenchSample.getState()
      return { view, run: open, other: other?.id ?? null, sample: choice?.key ?? null, row: choice?.index ?? 0 }
    }
    case 'models':
    case 'help':
      return { view }
    default:
      return assertNever(view, 'view')
  }
}

function titleNow(): string {
  const { view } = useView.getState()
  const name = view === 'clip' ? useClip.getState().metadata?.name : viewNames[view]
  return name === undefined ? 'Tarsier Desktop' : t('{name} – Tarsier Desktop', { name })
}

/** @param place is aborted when another address is opened */
async function openRoute(route: Route, place: AbortSignal): Promise<void> {
  const { show } = useView.getState()
  switch (route.view) {
    case 'clip':
      if (route.clip === null) closeClip()
      else await openPlace(route.clip, route.chat, route.time)
      return
    case 'library':
      if (useLibrary.getState().query.text !== route.text) void useLibrary.getState().search({ text: route.text })
      break
    case 'batches':
      if (useBatches.getState().open !== route.batch) void useBatches.getState().show(route.batch)
      break
    case 'benchmarks':
      show(route.view)
      await openRun(route, place)
      return
    case 'models':
    case 'help':
      break
    default:
      assertNever(route, 'route')
  }
  show(route.view)
}

async function openPlace(clip: string, chat: string | null, time: number | null): Promise<void> {
  const { chat: open } = useChat.getState()
  if (open !== null && open.id === chat && open.clip === clip) useView.getState().show('clip')
  else if (chat === null) await openClip(clip)
  else {
    try {
      await openChat(chat)
    } catch (error) {
      if (problemOf(error)?.code !== 'nothing-found') throw error
      // An empty conversation is not stored, and a removed one is replaced by an empty one about its clip.
      await openClip(clip)
      const { chat: replacement } = useChat.getState()
      if (replacement?.clip === clip) useQuestion.getState().move(chat, replacement.id)
    }
  }
  // The user may have opened another clip meanwhile.
  if (time !== null && useClip.getState().metadata?.handle === clip) usePlayer.setState({ startAt: time })
}

async function openRun({ run, other, sample, row }: Route & { view: 'benchmarks' }, place: AbortSignal): Promise<void> {
  const bench = useBench.getState()
  /** Whether another address was opened since, or the user has left the run: then what is shown is theirs. */
  const left = () => place.aborted || useView.getState().view !== 'benchmarks' || useBench.getState().open !== run
  if (bench.open !== run) await Promise.all([bench.load(), bench.show(run)])
  else if (other !== null && !bench.runs.some(({ id }) => id === other)) await bench.load()
  if (left()) return
  if (run === null) return useBenchSample.getState().close()
  if ((useBench.getState().other?.id ?? null) !== other) bench.compareWith(other)
  // Not `other` of the address, which may have been removed.
  const compared = useBench.getState().other?.id ?? null
  if (compared !== other) useProblem.getState().report(otherRemoved())
  if (sample === null) return useBenchSample.getState().close()
  if (useBenchSample.getState().choice?.key === sample) return
  await listOf(run, compared, left, place)
  if (left()) return
  // Not waited for: it ends when all frames are read.
  void useBenchSample.getState().show({ key: sample, index: row, first: run, second: compared })
}

function otherRemoved(): TarsierError {
  return new TarsierError('nothing-found', 'The run for comparison is no longer there. Choose another one.')
}

/**
 * Waits until the list of samples is that of a run, or cannot be read, or the user has left the run. The view that asks for it closes the sample
 * that was shown before.
 */
function listOf(run: string, other: string | null, left: () => boolean, place: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const check = () => {
      const { query, loading, problem } = useBenchList.getState()
      const failed = problem !== null || useBench.getState().problem !== null
      if (!failed && !left() && (loading || query?.run !== run || query.other !== other)) return
      for (const stop of stops) stop()
      place.removeEventListener('abort', check)
      resolve()
    }
    const stops = [useBenchList, useBench, useView].map((store) => store.subscribe(check))
    place.addEventListener('abort', check)
    check()
  })
}
