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
    if (key === 'Home') list.scrollToIndex(0, { align: 'start' })
    else list.scrollToIndex(count - 1, { align: 'end' })
  }
}
