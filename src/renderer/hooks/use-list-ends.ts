import type { Virtualizer } from '@tanstack/react-virtual'
import type { KeyboardEvent } from 'react'
import { isTyping } from '../lib/shortcuts.ts'

/**
 * Handles Home and End in a virtualized list. The browser's smooth scrolling would pass all rows and stop at the first whose height
 * differs from its estimate.
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

/** Animation frames during which the list stays at its end, because the end moves while rows are loaded and measured. */
const SETTLING = 30

function holdEnd(list: Virtualizer<HTMLDivElement, HTMLLIElement>, box: HTMLElement): void {
  const { count } = list.options
  let attempts = SETTLING
  const letGo = () => (attempts = 0)
  // Stops when the user scrolls or presses a key, or when the row count changes.
  for (const move of ['wheel', 'pointerdown', 'keydown']) window.addEventListener(move, letGo, { once: true, capture: true })
  const hold = () => {
    if (attempts-- > 0 && list.options.count === count) requestAnimationFrame(hold)
    else return
    box.scrollTop = box.scrollHeight
  }
  hold()
}
