import { EventEmitter } from 'node:events'
import type { WebContents } from 'electron'
import { expect, test } from 'vitest'
import { PageMessages } from '../../../src/main/page-messages.ts'
import { channels } from '../../../src/shared/bridge.ts'

/** Electron's WebContents as far as messages are concerned. */
function aPage() {
  const sent: unknown[] = []
  const page = Object.assign(new EventEmitter(), { send: (_channel: string, value: unknown) => void sent.push(value) })
  return { page: page as unknown as WebContents & EventEmitter, sent }
}

test('commands reach a page whose place in its address has changed', () => {
  const messages = new PageMessages()
  const { page, sent } = aPage()
  messages.send(channels.menu, 'help')
  messages.ready(page)
  // What Electron emits for a new fragment.
  for (const name of ['did-start-loading', 'did-start-navigation', 'did-navigate-in-page', 'did-stop-loading']) page.emit(name)
  messages.send(channels.menu, 'library')
  expect(sent).toEqual(['help', 'library'])
})

test('commands wait while the page is reloaded', () => {
  const messages = new PageMessages()
  const { page, sent } = aPage()
  messages.ready(page)
  page.emit('did-navigate')
  messages.send(channels.menu, 'library')
  expect(sent).toEqual([])
  messages.ready(page)
  expect(sent).toEqual(['library'])
})

test('a page that connects again and again is listened to once', () => {
  const messages = new PageMessages()
  const { page } = aPage()
  for (let i = 0; i < 20; i += 1) messages.ready(page)
  expect(['did-navigate', 'destroyed'].map((name) => page.listenerCount(name))).toEqual([1, 1])
  page.emit('destroyed')
  expect(page.listenerCount('destroyed')).toBe(0)
})
