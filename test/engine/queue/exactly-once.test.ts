import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Prediction, predictionSchema } from '../../../src/bench/prediction.ts'
import { jsonLines, runCli } from '../cli/run-cli.ts'
import { Crowd, CuttingProxy, mayBeKilled } from './crowd.ts'
import { hasPostgres, queueServer, withServer } from './queue-server.ts'

/** `npm run test:queue` runs the whole proof; the other tests a small one. */
const whole = process.env.TARSIER_QUEUE_PROOF === '1'
const plan = whole
  ? { workers: 4, clips: 400, kills: 50, restarts: 5, cuts: 4, sets: ['moving-shapes'], limit: 140 }
  : { workers: 2, clips: 40, kills: 6, restarts: 1, cuts: 2, sets: ['moving-shapes-dream'], limit: 40 }
/** Seconds without a heartbeat after which a worker counts as dead. */
const LEASE = 4
const DATABASE = 'proof'

let folder: string
let home: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tarsier-proof-'))
  home = join(folder, 'home')
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe.skipIf(!hasPostgres)(withServer('a job whose workers, network and database fail'), () => {
  const { server } = queueServer()

  test(`gives ${plan.clips} results, each once and equal to one machine's`, { timeout: whole ? 7_200_000 : 900_000 }, async () => {
    const postgres = server()
    await postgres.database(DATABASE)
    await using proxy = await CuttingProxy.start(postgres.port)
    const TARSIER_QUEUE = postgres.url(DATABASE, proxy.port)
    const env = { TARSIER_QUEUE, TARSIER_LEASE_SECONDS: String(LEASE), TARSIER_HOME: home }
    const limit = ['--limit', String(plan.limit)]
    const submitted = await runCli(['jobs', 'submit', ...plan.sets, '--task', 'bench', '--name', 'proof', ...limit, '--max-tokens', '64'], {
      env,
    })
    expect(submitted).toMatchObject({ code: 0 })
    const units = Number(/(\d+) added/.exec(submitted.stdout)?.[1])
    expect(units).toBeGreaterThanOrEqual(plan.clips)

    await using crowd = new Crowd(['--device', 'cpu'], env)
    for (let i = 0; i < plan.workers; i++) crowd.add()
    const steps = stepsOf(plan)
    let next = 1
    for (const step of steps) {
      // Spread over the job: each failure waits for its share of the results.
      const share = Math.floor((units * 0.9 * next++) / steps.length)
      while ((await resultsIn(postgres)) < share) await sleep(100)
      switch (step) {
        case 'kill': {
          const allowed = await mayBeKilled(postgres, DATABASE)
          const [victim] = shuffled(crowd.processes.filter((pid) => allowed.has(pid)))
          if (victim !== undefined) crowd.replace(victim)
          else steps.push('kill')
          break
        }
        case 'restart':
          await postgres.stop(next % 2 === 0 ? 'SIGINT' : 'SIGQUIT')
          await sleep(1000)
          await postgres.run()
          break
        case 'cut':
          if (next % 2 === 0) proxy.cut()
          else proxy.stall()
          await sleep((LEASE * 1000) / 2)
          proxy.mend()
          break
      }
    }
    await crowd.end()
    expect(crowd.said.filter((text) => !text.startsWith('0: '))).toEqual([])

    const out = join(folder, 'proof.jsonl')
    expect(await runCli(['jobs', 'export', 'proof', '-o', out, '--overwrite'], { env })).toMatchObject({ code: 0 })
    const results = await predictionsIn(out)
    expect(new Set(results.map(({ key }) => key)).size).toBe(units)
    expect(results).toHaveLength(units)
    expect(results.filter(({ error }) => error)).toEqual([])

    const single = join(folder, 'single')
    const run = ['bench', 'run', ...plan.sets, ...limit, '--max-tokens', '64', '--device', 'cpu', '--home', home, '--out', single]
    expect(await runCli(run)).toMatchObject({ code: 0 })
    const alone = new Map<string, Prediction>()
    for (const set of new Set(results.map(({ dataset }) => dataset.split('/')[0])))
      for (const prediction of await predictionsIn(join(single, String(set), 'predictions.jsonl'))) alone.set(prediction.key, prediction)
    expect(results.map(comparable)).toEqual(results.map(({ key }) => comparable(alone.get(key) as Prediction)))

    const tables = await Promise.all([out, single].map((path) => runCli(['bench', 'eval', path, '--judge', 'rule'])))
    expect(tables[0]?.stdout).not.toBe('')
    expect(withoutPaths(tables[0]?.stdout)).toBe(withoutPaths(tables[1]?.stdout))
  })
})

/** Kills, with restarts of the database and cuts of the network between them. */
function stepsOf({ kills, restarts, cuts }: typeof plan): ('kill' | 'restart' | 'cut')[] {
  const others = shuffled([...Array<'restart'>(restarts).fill('restart'), ...Array<'cut'>(cuts).fill('cut')])
  const every = Math.ceil(kills / (others.length + 1))
  return Array.from({ length: kills }, (_, i) => i).flatMap((i) => {
    const other = (i + 1) % every === 0 ? others.shift() : undefined
    return other === undefined ? ['kill' as const] : ['kill' as const, other]
  })
}

function shuffled<T>(values: readonly T[]): T[] {
  return values
    .map((value) => ({ value, rank: Math.random() }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ value }) => value)
}

async function resultsIn(postgres: ReturnType<ReturnType<typeof queueServer>['server']>): Promise<number> {
  const [row] = await postgres.sql<{ count: number }>('select count(*)::int as count from tarsier.result', DATABASE)
  return row?.count ?? 0
}

async function predictionsIn(path: string): Promise<Prediction[]> {
  return jsonLines(await readFile(path, 'utf8')).map((line) => predictionSchema.parse(line))
}

/** A prediction without the time that it took. */
function comparable({ used, ...prediction }: Prediction): object {
  return { ...prediction, used: used && { ...used, seconds: 0 } }
}

function withoutPaths(text = ''): string {
  return text.replaceAll(/\S*(proof\.jsonl|single)\S*/g, 'PATH')
}
