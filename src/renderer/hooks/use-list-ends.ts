import type { Virtualizer } from '@tanstack/react-virtual'
import type { KeyboardEvent } from 'react'
import { isTyping } from '../lib/shortcuts.ts'

/**
 * Home and End of a long list. The browser's own way there goes past all rows in a moving picture, which stops at the first of them
 * whose height is not as it was thought to be.
 */
export function useListEnds(list: Virtualizer<HTMLDivElement, HTMLLIElement>): (event: KeyboardEvent) => void {
  return (event) => {
    const { key, target, ctrlKey, metaKey, altKey, shiftKey } = event
    const { count } = list.options
    if ((key !== 'Home' && key !== 'End') || count === 0 || ctrlKey || metaKey || altKey || shiftKey || isTyping(target)) return
    event.preventDefault()
    const box = list.scrollElement
    if (key === 'Home') box?.scrollTo({ top: 0, behavior: 'instant' })
    else if (box) holdEnd(list, box)
  }
}

/** Pictures for which the end is held: rows that are loaded and measured once they are there move it on. */
const SETTLING = 30

function holdEnd(list: Virtualizer<HTMLDivElement, HTMLLIElement>, box: HTMLElement): void {
  const { count } = list.options
  let attempts = SETTLING
  const letGo = () => (attempts = 0)
  // Whoever moves meanwhile wants to be elsewhere; another list has another end.
  for (const move of ['wheel', 'pointerdown', 'keydown']) window.addEventListener(move, letGo, { once: true, capture: true })
  const hold = () => {
    if (attempts-- > 0 && list.options.count === count) requestAnimationFrame(hold)
    else return
    box.scrollTop = box.scrollHeight
  }
  hold()
}
