import { expect, test } from 'vitest'
import { connections } from '../../../src/service/connections.ts'
import { ourCode } from '../../helpers/our-code.ts'

/** Ways to open a connection, or to wait for one: of Node, of the browser, and of the packages that we have. */
const OPENING = [
  /^import (?!type|\{ isIP(?:v6)? \}).*from '(?:node:)?(?:net|http|https|http2|tls|dgram|dns)(?:\/promises)?'/m,
  /^import (?!type).*from '(?:undici|ws|@huggingface\/hub|@hono\/node-server|@orpc\/client\/fetch)'/m,
  /\b(?:import|require)\('(?:node:)?(?:net|http|https|http2|tls|dgram|dns|undici|ws|@huggingface\/hub|@hono\/node-server)'\)/,
  /(?<![\w#.])(?:globalThis\.|net\.)?fetch\(/,
  /\bnew (?:XMLHttpRequest|WebSocket|EventSource|RTCPeerConnection|WebTransport)\b/,
  // Its errors and types are used elsewhere, too.
  /^import (?:OpenAI|\{[^}]*\bAzureOpenAI\b).*from 'openai'/m,
  /\bsendBeacon\(/,
]

/** Where the code does so, by words of the entry that tells of it. */
const PLACES: Readonly<Record<string, RegExp>> = {
  'bench/judges/openai-judge.ts': /benchmark/,
  'bench/run/openai-model.ts': /benchmark/,
  'engine/models/download/hub-client.ts': /Hugging Face hub/,
  'engine/models/download/repository-listing.ts': /Hugging Face hub/,
  'renderer/lib/upload.ts': /this machine itself/,
  'renderer/transport.ts': /this machine itself/,
  'serve/openai/media.ts': /--allow-remote/,
  'serve/server.ts': /this machine itself/,
}

test('every place that opens a connection is told of in Help, and nothing is told that no code does', () => {
  const opening = ourCode().filter(({ code }) => OPENING.some((way) => way.test(code)))
  expect(opening.map(({ name }) => name)).toEqual(Object.keys(PLACES))
  for (const words of Object.values(PLACES)) expect(connections.filter(({ to }) => words.test(to))).toHaveLength(1)
  for (const { to } of connections) expect(Object.values(PLACES).some((words) => words.test(to))).toBe(true)
})

test('decoders and llama.cpp, which could fetch by themselves, are told not to', () => {
  const code = (wanted: string) => ourCode('engine').find(({ name }) => name === wanted)?.code
  expect(code('engine/media/demuxer.ts')).toContain("protocol_whitelist: 'file'")
  for (const { name, code } of ourCode('engine')) {
    for (const call of code.match(/getLlama\(\{[^}]*\}/g) ?? [])
      expect([name, call]).toEqual([name, expect.stringMatching(/build: 'never',\s+skipDownload: true/)])
  }
})
