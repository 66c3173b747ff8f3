import { expect, test } from 'vitest'
import { isLoopback, LOOPBACK } from '../../../src/platform/loopback.ts'
import { bearer, hostAllowed, hostName, originAllowed, tokenMatches } from '../../../src/serve/access.ts'

test.each([
  ['localhost', 'localhost'],
  ['LOCALHOST:7860', 'localhost'],
  ['127.0.0.1:1', '127.0.0.1'],
  ['[::1]:7860', '[::1]'],
  ['[FD00:0::5]:7860', '[fd00::5]'],
  ['box.local', 'box.local'],
])('reads %s', (header, name) => {
  expect(hostName(header)).toBe(name)
})

test.each([undefined, '', 'a b', 'localhost:', 'localhost:x', 'user@localhost', 'localhost/..', '::1', '[::1', 'localhost:123456'])(
  'rejects %s as a name',
  (header) => {
    expect(hostName(header)).toBeNull()
    expect(hostAllowed(header, { hosts: LOOPBACK })).toBe(false)
  },
)

test('compares whole host names, with any port', () => {
  expect(hostAllowed('localhost:99', { hosts: LOOPBACK })).toBe(true)
  expect(hostAllowed('localhost.evil.example', { hosts: LOOPBACK })).toBe(false)
  expect(hostAllowed('evil.example', { hosts: LOOPBACK })).toBe(false)
})

test('compares whole origins, including the port', () => {
  expect(originAllowed(undefined, 'localhost:7860')).toBe(true)
  expect(originAllowed('http://localhost:7860', 'localhost:7860')).toBe(true)
  for (const origin of ['http://localhost', 'http://localhost:7861', 'null', '', 'http://localhost:7860.evil.example'])
    expect(originAllowed(origin, 'localhost:7860')).toBe(false)
  expect(originAllowed('http://localhost', undefined)).toBe(false)
})

test('compares tokens', () => {
  expect(tokenMatches('abc', 'abc')).toBe(true)
  for (const wrong of [undefined, '', 'ab', 'abcd', 'abd', 'ABC']) expect(tokenMatches(wrong, 'abc')).toBe(false)
  expect(bearer('Bearer abc')).toBe('abc')
  expect(bearer('bearer  abc')).toBe('abc')
  for (const header of [undefined, 'abc', 'Basic abc', 'Bearer', 'Bearer a b']) expect(bearer(header)).toBeUndefined()
})

test('recognizes loopback addresses', () => {
  for (const host of ['127.0.0.1', '127.8.9.1', 'LOCALHOST', '::1', '[::1]', '0:0:0:0:0:0:0:1']) expect(isLoopback(host)).toBe(true)
  for (const host of ['0.0.0.0', '::', '192.168.1.2', 'localhost.example', '128.0.0.1', '127.999.1.1']) expect(isLoopback(host)).toBe(false)
})
