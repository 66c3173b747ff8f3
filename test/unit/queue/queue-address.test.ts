import { expect, test } from 'vitest'
import { databaseError, isTemporary } from '../../../src/queue/database-error.ts'
import { leaseSeconds } from '../../../src/queue/lease.ts'
import { parseQueueAddress } from '../../../src/queue/queue-address.ts'

test.each([
  ['postgres://me:pass%20word@db:5433/clips', 'me@db:5433/clips', true],
  ['postgresql://me@db/clips', 'me@db:5432/clips', false],
  ['postgres://me@[::1]:5432/clips', 'me@::1:5432/clips', false],
])('%s is shown as %s', (url, shown, hasPassword) => {
  const address = parseQueueAddress(url)
  expect(address).toMatchObject({ shown, hasPassword })
  expect(address.shown).not.toContain('pass')
})

test.each(['', 'db', 'mysql://me:secret@db/clips', 'postgres://me:secret@db:port/clips', 'postgres://me:secret@db:123456/clips'])(
  '"%s" is refused without being shown',
  (url) => {
    expect(() => parseQueueAddress(url)).toThrow(expect.objectContaining({ code: 'usage', message: expect.not.stringContaining('secret') }))
  },
)

test.each([
  ['ECONNREFUSED', 'lost', 'queue-unreachable'],
  ['57P01', 'lost', 'queue-unreachable'],
  ['08006', 'lost', 'queue-unreachable'],
  ['40P01', 'conflict', 'queue-failed'],
  ['28P01', 'no', 'queue-denied'],
  ['42501', 'no', 'queue-denied'],
  ['53100', 'no', 'disk-full'],
  ['42P01', 'no', 'queue-failed'],
])('%s is %s, and becomes %s', (code, temporary, typed) => {
  const error = Object.assign(new Error('It failed'), { code, client: { password: 'secret' } })
  expect(isTemporary(error)).toBe(temporary)
  const converted = databaseError(error, parseQueueAddress('postgres://me@db/clips'))
  expect(converted).toMatchObject({ code: typed })
  expect(JSON.stringify([converted, converted.cause])).not.toContain('secret')
})

test('the lease is 30 seconds, or what TARSIER_LEASE_SECONDS says', () => {
  expect(leaseSeconds({})).toBe(30)
  expect(leaseSeconds({ TARSIER_LEASE_SECONDS: '2.5' })).toBe(2.5)
  for (const wrong of ['0', 'x', '4000']) expect(() => leaseSeconds({ TARSIER_LEASE_SECONDS: wrong })).toThrow(/from 1 to 3600/)
})
