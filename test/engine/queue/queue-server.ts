import { afterAll, beforeAll } from 'vitest'
import { findPostgres } from '../../../scripts/find-postgres.mjs'
import { NO_POSTGRES, Postgres } from '../../helpers/postgres.ts'

const bin = findPostgres()

/** Whether tests of the queue can run. */
export const hasPostgres = bin !== null

/** Title of tests that need a server; it says why they are skipped without one. */
export function withServer(title: string): string {
  return hasPostgres ? title : `${title} (not tested: ${NO_POSTGRES})`
}

/** A PostgreSQL server for the tests of a file, with a new database for each test that asks for one. */
export function queueServer(): { readonly server: () => Postgres; readonly database: () => Promise<string> } {
  let server: Postgres | null = null
  let databases = 0
  const running = () => {
    if (!server) throw new Error('the server is not started')
    return server
  }
  beforeAll(async () => {
    if (bin !== null) server = await Postgres.start(bin)
  })
  afterAll(() => server?.[Symbol.asyncDispose]())
  return { server: running, database: () => running().database(`queue_${++databases}`) }
}
