import { describe, expect, it, vi } from 'vitest'
import { parseChatLine } from '../../../src/cli/chat-command.ts'

describe('lines of chat', () => {
  it.each([
    ['What happens?', { kind: 'ask', text: 'What happens?' }],
    ['  spaced  ', { kind: 'ask', text: 'spaced' }],
    [' /open is what I ask about', { kind: 'ask', text: '/open is what I ask about' }],
    ['reset the scene', { kind: 'ask', text: 'reset the scene' }],
    ['', { kind: 'nothing' }],
    ['   ', { kind: 'nothing' }],
    ['reset', { kind: 'reset' }],
    ['/reset', { kind: 'reset' }],
    ['exit', { kind: 'exit' }],
    ['/exit', { kind: 'exit' }],
    ['/regenerate', { kind: 'regenerate' }],
    ['/frames', { kind: 'frames', count: null }],
    ['/frames 8', { kind: 'frames', count: 8 }],
    ['/open a clip.mp4', { kind: 'open', file: 'a clip.mp4' }],
    ["/open '/tmp/a clip.mp4'", { kind: 'open', file: '/tmp/a clip.mp4' }],
    ['/open /tmp/My\\ Clip\\ \\(1\\).mp4', { kind: 'open', file: '/tmp/My Clip (1).mp4' }],
    ['/help', { kind: 'help' }],
  ])('%j', (line, command) => {
    expect(parseChatLine(line)).toEqual(command)
  })

  it.each(['/frames many', '/frames -1', '/open', '/describe'])('%j is rejected with a hint', (line) => {
    expect(parseChatLine(line)).toMatchObject({ kind: 'wrong', hint: expect.stringContaining('/') })
  })
})

it('preserves backslashes on Windows', () => {
  vi.spyOn(process, 'platform', 'get').mockReturnValueOnce('win32')
  expect(parseChatLine('/open C:\\Films\\My Clip.mp4')).toEqual({ kind: 'open', file: 'C:\\Films\\My Clip.mp4' })
})
