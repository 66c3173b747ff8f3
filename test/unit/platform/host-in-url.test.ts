import { expect, it } from 'vitest'
import { expectAllowed } from '../../../src/platform/fetch-allowed.ts'
import { hostInUrl } from '../../../src/platform/host-in-url.ts'

it.each([
  ['Box.Local', 'box.local'],
  ['192.168.1.2', '192.168.1.2'],
  ['fd00::5', '[fd00::5]'],
  ['[FD00:0:0::5]', '[fd00::5]'],
  ['fe80::1%eth0', '[fe80::1]'],
  ['::', '[::]'],
  ['[fd00::5]:8080', '[fd00::5]:8080'],
  ['box:8080', 'box:8080'],
])('%s is %s in a URL', (name, wanted) => {
  expect(hostInUrl(name)).toBe(wanted)
})

it.each([
  ['http://[fd00::5]:8080/a', 'fd00::5'],
  ['http://[fd00::5]:8080/a', '[FD00::5]:8080'],
  ['https://example.org/a', 'Example.org'],
])('%s is of the allowed host %s', (address, host) => {
  const allowed = { hosts: [host], refused: () => expect.fail('was refused') }
  expectAllowed(new URL(address), allowed)
})
