import { type View, views } from '../stores/view.ts'

/** What the page shows, as its address says it. */
export type Route =
  /** Null for none; `time` in seconds. */
  | { readonly view: 'clip'; readonly clip: string | null; readonly chat: string | null; readonly time: number | null }
  | { readonly view: 'library'; readonly text: string }
  | { readonly view: 'batches'; readonly batch: string | null }
  | {
      readonly view: 'benchmarks'
      readonly run: string | null
      /** The run for comparison. */
      readonly other: string | null
      /** Key of the selected sample, and its row in the list. */
      readonly sample: string | null
      readonly row: number
    }
  | { readonly view: 'models' | 'help' }

/** URL fragment of a route; empty for the start page. */
export function fragmentOf(route: Route): string {
  const path: (string | null)[] = [route.view]
  const query = new URLSearchParams()
  if (route.view === 'clip') {
    if (route.clip === null) return ''
    path.push(route.clip, route.chat)
    if (route.time !== null && route.time > 0) query.set('t', String(Number(route.time.toFixed(2))))
  } else if (route.view === 'library') {
    if (route.text !== '') query.set('q', route.text)
  } else if (route.view === 'batches') path.push(route.batch)
  else if (route.view === 'benchmarks') {
    path.push(route.run)
    if (route.run !== null && route.other !== null) query.set('with', route.other)
    if (route.run !== null && route.sample !== null) {
      query.set('sample', route.sample)
      query.set('row', String(route.row))
    }
  }
  const parts = path.filter((part) => part !== null).map(encodeURIComponent)
  return `#/${parts.join('/')}${query.size > 0 ? `?${query}` : ''}`
}

/** The route of a URL fragment; the start page for anything else. */
export function routeOf(fragment: string): Route {
  const [path = '', search = ''] = fragment.replace(/^#\/?/, '').split(/\?(.*)/s)
  const [name, first = null, second = null] = path.split('/').map(decoded)
  const query = new URLSearchParams(search)
  const view: View = views.find((known) => known === name) ?? 'clip'
  switch (view) {
    case 'clip': {
      const time = Number(query.get('t') ?? Number.NaN)
      return name === 'clip'
        ? { view, clip: first, chat: second, time: time >= 0 ? time : null }
        : { view, clip: null, chat: null, time: null }
    }
    case 'library':
      return { view, text: query.get('q') ?? '' }
    case 'batches':
      return { view, batch: first }
    case 'benchmarks': {
      const row = Number(query.get('row') ?? 0)
      return {
        view,
        run: first,
        other: query.get('with'),
        sample: query.get('sample'),
        row: Number.isSafeInteger(row) && row >= 0 ? row : 0,
      }
    }
    default:
      return { view }
  }
}

/** Routes of one place replace each other in the browser's history; a route of another place is added to it. */
export function isSamePlace(a: Route, b: Route): boolean {
  return placeOf(a) === placeOf(b)
}

function placeOf(route: Route): string {
  if (route.view === 'clip') return fragmentOf({ ...route, time: null })
  if (route.view === 'benchmarks') return `${fragmentOf({ ...route, sample: null })} ${route.sample !== null}`
  return route.view === 'library' ? route.view : fragmentOf(route)
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}
