import { clipsOfFragment } from '../../shared/contract/addresses.ts'
import { reportErrors } from '../stores/problem.ts'
import { service } from '../transport.ts'
import { takeOpened } from './take-files.ts'

/** Opens the clips named in the page's URL, once: a reload keeps the page's state. */
export function openFromAddress(): void {
  const handles = clipsOfFragment(window.location.hash)
  if (handles.length === 0) return
  window.history.replaceState(null, '', window.location.pathname + window.location.search)
  reportErrors(async () => {
    const clips = await Promise.all(handles.map((handle) => service.clips.get({ handle })))
    takeOpened(clips.map((metadata) => ({ kind: 'clip', metadata })))
  })
}
