import { readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { expect, test } from 'vitest'
import { connections } from '../../../src/service/connections.ts'
import { sourceCode } from '../../helpers/source-code.ts'

/** Modules that can open or accept a connection, and their exports that cannot. */
const OPENING: Readonly<Record<string, readonly string[]>> = {
  'node:dgram': [],
  'node:dns': [],
  'node:dns/promises': [],
  'node:http': [],
  'node:http2': [],
  'node:https': [],
  'node:inspector': [],
  'node:net': ['isIP', 'isIPv4', 'isIPv6', 'BlockList'],
  'node:tls': [],
  '@hono/node-server': [],
  '@huggingface/hub': [],
  '@orpc/client/fetch': [],
  'electron-updater': [],
  electron: [
    'app',
    'BrowserWindow',
    'clipboard',
    'contextBridge',
    'dialog',
    'ipcMain',
    'ipcRenderer',
    'Menu',
    'MessageChannelMain',
    'nativeTheme',
    'Notification',
    'powerMonitor',
    'powerSaveBlocker',
    'protocol',
    'screen',
    'session',
    'shell',
    'utilityProcess',
    'webUtils',
  ],
  openai: ['APIConnectionError', 'APIError', 'APIUserAbortError', 'BadRequestError'],
  pg: [],
  undici: ['Headers', 'Response'],
}

/** Packages that open none, or that are configured not to (see below). A new package belongs here or there, and so do its parts. */
const OFFLINE_PACKAGES = [
  '@hono/node-server/serve-static',
  '@huggingface/jinja',
  '@modelcontextprotocol/server',
  '@modelcontextprotocol/server/stdio',
  '@orpc/client',
  '@orpc/client/message-port',
  '@orpc/contract',
  '@orpc/server',
  '@orpc/server/fetch',
  '@orpc/server/message-port',
  '@photostructure/sqlite',
  '@tanstack/react-virtual',
  'commander',
  'compromise',
  'hono',
  'hono/body-limit',
  'hono/cookie',
  'hyparquet-writer',
  'intl-messageformat',
  'koffi',
  'lucide-react',
  'node-av/constants',
  'node-av/lib',
  'node-llama-cpp',
  'onnx-proto',
  'onnxruntime-node',
  'open',
  'pg-boss',
  'pg-connection-string',
  'protobufjs/minimal.js',
  'radix-ui',
  'react',
  'react-dom/client',
  'react-markdown',
  'remark-gfm',
  'sharp',
  'string-width',
  'tinyglobby',
  'zod',
  'zustand',
]

/** What opens one without an import: of Node, of the browser, of Electron. */
const GLOBALS =
  /(?<![\w#.])(?:globalThis\.|window\.)?fetch\(|\bnew (?:XMLHttpRequest|WebSocket|WebSocketStream|EventSource|RTCPeerConnection|WebTransport)\b|\b(?:sendBeacon|openExternal|setFeedURL|checkForUpdates|downloadURL)\(|\b(?:autoUpdater|crashReporter)\b/

interface Import {
  readonly from: string
  /** The imported names without types; null for all of them. */
  readonly names: readonly string[] | null
}

function importsOf(code: string): Import[] {
  const named = [...code.matchAll(/\b(?:import|export)\s+(type\b)?([^'";]*?)\bfrom\s+['"]([^'"]+)['"]/g)].map(
    ([, type, what = '', from = '']) => {
      const listed = /^\s*\{([\s\S]*)\}\s*$/.exec(what)?.[1]
      const names = listed?.split(',').flatMap((name) => /^\s*(?!type\s)(\w+)/.exec(name)?.[1] ?? [])
      return { from, names: type ? [] : (names ?? null) }
    },
  )
  const whole = [...code.matchAll(/(?:^import\s+|\b(?:import|require)\(\s*)['"`]([\w@./:-]+)['"`]/gm)].map(([, from = '']) => ({
    from,
    names: null,
  }))
  return [...named, ...whole].filter(({ from }) => !from.startsWith('.'))
}

function opens(code: string): boolean {
  const byImport = importsOf(code).some(({ from, names }) => {
    const harmless = OPENING[prefixed(from)]
    return harmless !== undefined && (names === null || names.some((name) => !harmless.includes(name)))
  })
  return byImport || GLOBALS.test(code)
}

function prefixed(module: string): string {
  return builtinModules.includes(module) ? `node:${module}` : module
}

test('every place that opens a connection is listed in Help, and every listed place opens one', () => {
  const opening = sourceCode().filter(({ code }) => opens(code))
  const listedFiles = new Set(connections.flatMap(({ openedBy }) => openedBy))
  expect(opening.map(({ name }) => name)).toEqual([...listedFiles].sort())
  for (const { openedBy } of connections) expect(openedBy.length).toBeGreaterThan(0)
})

/** What refuses connections while "Never connect" is on, and the clients that use it. An `UpdateFeed` is used by `Updates` alone, which asks first. */
const GUARDED = /\bUpdateFeed\b|\bGuardedConnections\b|\bGuardedSocket\b|\bServerConnection\b|\bHubClient\b/

test('every connection to another machine can be refused', () => {
  const outward = new Set(connections.flatMap(({ openedBy }) => openedBy).filter((name) => !/^(renderer|serve)\//.test(name)))
  expect(outward.size).toBeGreaterThan(5)
  for (const { name, code } of sourceCode()) if (outward.has(name)) expect([name, code]).toEqual([name, expect.stringMatching(GUARDED)])
})

test('every used package is known to open connections or not', () => {
  const used = sourceCode().flatMap(({ code }) => importsOf(code).filter(({ names }) => names === null || names.length > 0))
  const packages = new Set(used.map(({ from }) => prefixed(from)).filter((from) => !from.startsWith('node:')))
  const known = [...OFFLINE_PACKAGES, ...Object.keys(OPENING).filter((name) => !name.startsWith('node:'))]
  expect([...packages].sort()).toEqual(known.sort())
})

test.each([
  ["import { request } from 'undici'", true],
  ["import {\n  Agent,\n  type Dispatcher,\n} from 'undici'", true],
  ["import type { Dispatcher } from 'undici'", false],
  ["import { type Dispatcher } from 'undici'", false],
  ["import * as net from 'net'", true],
  ["import { isIP } from 'node:net'", false],
  ["import { isIP, connect } from 'node:net'", true],
  ["import OpenAI, { APIError } from 'openai'", true],
  ["import { APIError } from 'openai'", false],
  ["export { get } from 'node:https'", true],
  ["const { get } = await import('node:https')", true],
  ["const { get } = require('https')", true],
  ["import { net } from 'electron'", true],
  ['await fetch(address)', true],
  ['await this.fetch(address)', false],
  ["new WebSocket('ws://a')", true],
  ['shell.openExternal(address)', true],
])('%s opens one: %s', (code, wanted) => {
  expect(opens(code)).toBe(wanted)
})

test('decoders and llama.cpp are configured not to open connections', () => {
  const code = (wanted: string) => sourceCode('engine').find(({ name }) => name === wanted)?.code
  expect(code('engine/media/demuxer.ts')).toContain("protocol_whitelist: 'none'")
  for (const { name, code } of sourceCode('engine')) {
    for (const call of code.match(/getLlama\(\{[^}]*\}/g) ?? [])
      expect([name, call]).toEqual([name, expect.stringMatching(/build: 'never',\s+skipDownload: true/)])
  }
})

test('the page may connect only to its own server', () => {
  const page = readFileSync(new URL('../../../src/renderer/index.html', import.meta.url), 'utf8')
  const policy = /content="(default-src 'none';[^"]*)"/.exec(page)?.[1]
  expect(policy?.split(/;\s*/)).toContain("connect-src 'self'")
  expect(policy).not.toMatch(/\*|https?:|wss?:/)
})
